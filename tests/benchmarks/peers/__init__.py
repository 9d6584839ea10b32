"""The peers of the suite: each has `make(workload, batch) -> Running`, which builds the model, its weights and the step."""
