"""Holds the problems of training sections: losses, metrics, optimizers, schedules, serving."""
