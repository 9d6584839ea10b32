"""Problems of training sections: losses, metrics, optimizers, schedules, serving."""
