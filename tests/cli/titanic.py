"""Makes a table such as people have: mixed kinds, missing values in two spellings, quotes, a byte-order mark. Made up, not the ship's."""

from __future__ import annotations

import random


def write_rows(count: int) -> list[str]:
    """So many passengers; who was saved follows from sex and class, with some noise."""
    draw = random.Random(3)
    first, last = ("Anna", "Bertil", "Carla", "Dag", "Elin", "Frans", "Greta", "Hugo"), ("Berg", "Lind", "Holm", "Ek")
    rows = []
    for number in range(1, count + 1):
        sex, grade = draw.choice(["male", "female"]), draw.choice([1, 2, 3, 3])
        name = f'"{draw.choice(last)}, {draw.choice(first)} ""{number}"""'
        age = "" if draw.random() < 0.2 else f"{draw.uniform(0.5, 75):.3g}"
        fare = round(draw.uniform(5, 20) * (4 - grade), 2)
        cabin = "" if draw.random() < 0.7 else f"{draw.choice('BC')}{draw.randint(1, 2)}"
        port = "NA" if number == 20 else draw.choice(["S", "S", "S", "C", "Q", ""])
        saved = int(draw.random() < 0.8 * (sex == "female") + 0.15 * (grade == 1))
        rows.append(f"{number},{saved},{grade},{name},{sex},{age},{draw.randint(0, 3)},A/{draw.randint(1000, 9999)},{fare},{cabin},{port}")
    return rows


HEADER = "PassengerId,Survived,Pclass,Name,Sex,Age,SibSp,Ticket,Fare,Cabin,Embarked"


def write_table(count: int) -> str:
    """A table of so many."""
    return "\ufeff" + "\r\n".join([HEADER, *write_rows(count)]) + "\r\n"


TITANIC = write_table(50)
