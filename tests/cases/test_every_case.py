"""Says for each case which test holds it to its right answer, and what waits.

The specs of cases stand in `traps/` and `reports/`; `crafted` are, by number, the damaged runs, archives and names that scripts make.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

HERE = Path(__file__).parent

VANISH, MEANS, OPS, INTEGERS, PADDING, RUNS, HARDENING, LOOPS = (
    f"test_{name}.py" for name in ("vanish", "means", "ops", "integers", "padding", "runs", "hardening", "loops")
)
HOSTILE = "../cli/test_hostile_names.py"
MANIFEST = "test_crafted_01_to_18_a_forged_manifest_is_refused_with_file_and_place"
LINE = "test_crafted_19_to_22_a_forged_line_is_refused_with_its_number"
TENSORS = "test_crafted_24_and_25_forged_files_of_tensors_are_refused_by_name"

TRAPS = {
    1: (MEANS, "test_what_was_a_mean_of_means_is_refused"),
    2: (MEANS, "test_what_was_a_mean_of_means_is_refused"),
    3: (MEANS, "test_what_was_a_mean_of_means_is_refused"),
    4: (MEANS, "test_a_loss_that_was_0_whatever_the_data_is_refused_and_its_repair_moves"),
    5: (VANISH, "test_an_input_in_a_region_is_refused_and_the_claims_are_held"),
    6: (VANISH, "test_an_input_in_a_region_is_refused_and_the_claims_are_held"),
    7: (VANISH, "test_an_input_in_a_region_is_refused_and_the_claims_are_held"),
    8: (VANISH, "test_an_output_in_a_loop_and_a_state_in_a_model_are_refused"),
    9: (VANISH, "test_an_output_in_a_loop_and_a_state_in_a_model_are_refused"),
    10: (OPS, "test_the_case"),
    11: (VANISH, "test_a_mistake_in_an_unused_block_is_found"),
    12: (VANISH, "test_a_mistake_behind_a_param_without_default_is_found"),
    13: (LOOPS, "test_pairs_are_taken_apart"),
    14: (VANISH, "test_a_repeat_with_random_numbers_is_a_loop"),
    15: (VANISH, "test_a_claim_at_sizes_that_the_model_never_has_is_refused_with_sizes_that_it_has"),
    16: (PADDING, "test_a_sequence_begins_once"),
    17: (PADDING, "test_a_shared_block_counts_once_in_a_step"),
    18: (PADDING, "test_a_window_of_one_sees_no_other_step"),
    19: (OPS, "test_habits"),
    20: (OPS, "test_habits"),
    21: (OPS, "test_habits"),
    22: (INTEGERS, "test_labels_of_256_classes"),
    23: (INTEGERS, "test_the_last_element_by_minus_one"),
    24: (INTEGERS, "test_one_hot_of_300"),
    25: (INTEGERS, "test_lengths_of_300_steps_backwards"),
    26: (OPS, "test_the_first_of_equals_is_the_first_of_the_largest"),
    27: (INTEGERS, "test_members_of_an_ensemble_differ"),
    28: (MEANS, "test_an_input_called_weight_is_a_field_like_any_other"),
    29: (MEANS, "test_negative_numbers_of_a_field_called_weight_are_numbers"),
    30: (INTEGERS, "test_the_op_whose_gradient_is_no_number"),
    31: (MEANS, "test_seven_units_beside_five_class_names_and_a_softmax_over_one_unit"),
    32: (VANISH, "test_a_loss_reads_an_auxiliary_head_and_an_evaluation_leaves_its_term_out"),
    33: (INTEGERS, "test_weights_are_within_the_limits"),
    34: (INTEGERS, "test_weights_are_within_the_limits"),
    35: (VANISH, "test_models_have_limits_of_their_own"),
}
REPORTS = {
    1: (PADDING, "test_the_last_step_and_windows_of_padded_sequences"),
    2: (PADDING, "test_the_last_step_and_windows_of_padded_sequences"),
    3: (PADDING, "test_16_bits_are_divided_by_65535"),
    4: (PADDING, "test_floats_are_as_they_are"),
    5: (PADDING, "test_a_picture_is_turned_as_its_tag_says"),
    6: (INTEGERS, "test_an_id_beyond_the_vocabulary_is_refused_in_predict"),
    7: (RUNS, "test_report_07_lists_of_vectors_are_padded_as_lists_of_numbers_are"),
    8: (RUNS, "test_report_08_what_fit_takes_goes_to_predict_too"),
    9: (RUNS, "test_report_09_changed_data_are_refused_at_resume_and_said_at_eval"),
    10: (RUNS, "test_report_10_the_printed_command_evaluates_a_run_with_imports"),
    11: (PADDING, "test_the_statistics_of_a_frozen_layer_stay"),
    12: (OPS, "test_normalising_one_value"),
    13: (PADDING, "test_words_of_a_text_that_look_like_special_tokens_are_its_characters"),
    14: (PADDING, "test_a_record_that_ctc_cannot_spell_is_named"),
    15: (OPS, "test_ceil_pooling_at_a_free_size"),
    16: (OPS, "test_an_input_used_for_its_size"),
    17: (MEANS, "test_seven_units_beside_five_class_names_and_a_softmax_over_one_unit"),
    19: (RUNS, "test_report_19_a_run_goes_on_longer_or_by_steps_of_one_s_own"),
    20: (OPS, "test_a_block_is_an_activation"),
}
CRAFTED = {
    **dict.fromkeys(range(1, 19), (RUNS, MANIFEST)),
    **dict.fromkeys(range(19, 23), (RUNS, LINE)),
    23: (RUNS, "test_crafted_23_a_forged_setting_is_refused_with_its_place"),
    **dict.fromkeys((24, 25), (RUNS, TENSORS)),
    26: (RUNS, "test_crafted_26_an_array_may_be_called_anything"),
    27: (RUNS, "test_crafted_27_a_strange_archive_is_refused_in_words_by_predict_and_by_datasets"),
    28: (HARDENING, "test_an_import_of_what_is_no_file"),
    29: (VANISH, "test_a_long_row_of_blocks_is_refused_by_a_limit_that_is_named"),
    30: (VANISH, "test_params_in_a_circle_are_refused"),
    31: (HARDENING, "test_fmt_through_links_keeps_them_and_the_mode"),
    32: (HOSTILE, "test_hostile_names_of_files"),
    33: (HARDENING, "test_names_that_are_no_utf8"),
    34: (HARDENING, "test_terminals_that_cannot_write_everything"),
    35: (HARDENING, "test_an_import_of_what_is_no_file"),
    36: (RUNS, "test_crafted_36_steps_are_whole_wherever_they_are_counted"),
    37: (HARDENING, "test_the_text_of_what_is_no_spec_is_not_shown"),
}
WAITING = {18: "filling or dropping missing values of a column is part of the next step; today they are refused with line and column"}
"""Reports that ask for what is not built yet."""


def list_numbers(folder: str) -> set[int]:
    return {int(path.name[:2]) for path in (HERE / folder).glob("*.net")}


def test_no_case_is_without_a_test() -> None:
    assert TRAPS.keys() == list_numbers("traps")
    assert REPORTS.keys() | WAITING.keys() == list_numbers("reports")
    assert sorted(CRAFTED) == list(range(1, 38))


@pytest.mark.parametrize("file", sorted({file for file, _ in [*TRAPS.values(), *REPORTS.values(), *CRAFTED.values()]}))
def test_the_tests_are_there(file: str) -> None:
    named = {test for where, test in [*TRAPS.values(), *REPORTS.values(), *CRAFTED.values()] if where == file}
    written = {node.name for node in ast.parse((HERE / file).read_text("utf-8")).body if isinstance(node, ast.FunctionDef)}
    assert named <= written
