"""Runs programs: data fed in, the training loop, run folders and checkpoints. Floor 5.

`session` is the loop. `feed` and `collation` turn data into batches, `batch_stream` and `prefetch` have the next ones ready. `run_folder`,
`metrics_log`, `data_marks`, `checkpoint_store`, `manifest` and `leaves` are what a run leaves on the disk, `strict_json` and `tensor_files`
how it is read without trust; `progress` and `signals` face the terminal; `trainable_model` and `trained_run` are the doors from Python.
"""
