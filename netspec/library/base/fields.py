"""What a field of an op may say about its values beside their type: bounds, and validators of its own."""

from __future__ import annotations

from pydantic import AfterValidator, BeforeValidator, Field, InstanceOf, model_validator

__all__ = ["AfterValidator", "BeforeValidator", "Field", "InstanceOf", "model_validator"]
