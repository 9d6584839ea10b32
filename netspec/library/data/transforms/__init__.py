"""Holds the steps of the data chain between a dataset and the model, by what they work on."""
