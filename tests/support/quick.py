"""The tests that `make check` leaves out: few of them, which take most of the time."""

from __future__ import annotations

#: The least share of the test functions that `make check` runs.
SHARE = 0.7
#: The stems of the test files that are left out, but for their laws.
SLOW_FILES = (
    "test_aggregates_law",
    "test_backfill",
    "test_bookmark",
    "test_container",
    "test_damaged_responses",
    "test_deleted_rows",
    "test_earlier_states",
    "test_emitted_spans",
    "test_erasure",
    "test_incremental",
    "test_loaders",
    "test_meltano",
    "test_models_figures",
    "test_models_questions",
    "test_preflight",
    "test_process",
    "test_readings",
    "test_recovery",
    "test_report",
    "test_reports",
    "test_salesforce_load",
    "test_sdk",
    "test_unchanged_conversations",
    "test_unchanged_days",
    "test_unchanged_days_killed",
    "test_user_aggregates",
    "test_user_details",
    "test_vendor_sdk",
    "test_warehouse",
    "test_wheel",
)
#: The stem of a test file -> its tests that are left out.
SLOW_TESTS: dict[str, tuple[str, ...]] = {
    "test_activate_version": (
        "test_it_never_comes_where_a_parent_is_missing",
        "test_it_never_comes_where_a_stream_map_leaves_rows_out",
    ),
    "test_agents": ("test_every_evaluation_is_read_and_the_last_thirty_days_again",),
    "test_alerts": ("test_a_query_returns_late_streams_and_failed_runs_alone",),
    "test_aggregates": ("test_a_family_follows_the_vendors_document",),
    "test_architecture": (
        "test_no_function_branches_on_the_kind_of_stream",
        "test_no_test_module_is_imported",
    ),
    "test_assumption_verdicts": ("test_no_body_ends_in_a_traceback",),
    "test_assumptions": (
        "test_each_bound_of_an_interval_is_found",
        "test_no_damage_to_a_response_ends_in_a_traceback",
        "test_nothing_of_the_org_is_in_the_report",
        "test_the_verdict_follows_the_simulated_habit",
        "test_the_command_prints_a_table_or_json",
        "test_the_job_is_deleted_in_every_outcome",
        "test_the_response_to_a_missing_licence_decides",
        "test_whatever_is_refused_or_garbled_ends_in_a_report",
        "test_where_all_of_a_day_is_returned_its_midnight_shows_the_bound",
        "test_wrong_credentials_are_one_line",
    ),
    "test_console": ("test_log_lines_stay_complete_between_drawings",),
    "test_conversation_details": (
        "test_a_lost_job_is_submitted_again",
        "test_jobs_work_side_by_side_and_are_printed_in_the_order_of_time",
        "test_late_changes_arrive_by_the_re_checks",
        "test_rows_that_arrive_faster_than_they_are_read_are_no_failure",
        "test_the_last_half_hour_is_read_again_by_the_next_run",
        "test_the_state_before_each_record_accounts_for_it",
    ),
    "test_conversation_rows": (
        "test_a_deselected_parent_feeds_its_tables",
        "test_a_schema_comes_once_and_states_stay_small",
        "test_each_table_counts_its_rows",
        "test_rows_that_vanish_are_older_than_their_conversation",
        "test_the_tables_have_all_rows_of_the_conversations",
    ),
    "test_emitted_law": ("test_a_whole_run_leaves_out_nothing_that_is_missing",),
    "test_faults": (
        "test_a_passing_fault_costs_a_second_try_and_no_record",
        "test_no_count_of_summaries_loses_a_record",
    ),
    "test_file_first": (
        "test_it_equals_the_load_of_target_duckdb",
        "test_the_documented_commands_load_an_org",
    ),
    "test_fresh_reads": ("test_jobs_follow_within_days_over_three_weeks_of_hourly_runs",),
    "test_github": ("test_the_linters_find",),
    "test_golden": (
        "test_a_run_writes_what_was_recorded",
        "test_each_entry_of_the_renames_applies",
        "test_no_recording_holds_a_secret",
    ),
    "test_holes": (
        "test_a_record_without_its_key_is_left_out_and_holds_the_bookmark",
        "test_a_span_without_its_key_holds_the_bookmark",
    ),
    "test_interactions": (
        "test_each_ended_conversation_is_requested",
        "test_surveys_are_requested_where_there_are_any_and_again_once_completed",
    ),
    "test_listings": (
        "test_a_page_has_the_size_of_its_operation_or_page_size",
        "test_a_refused_page_size_is_lowered_to_100_for_the_run",
    ),
    "test_new_stream": ("test_a_removed_stream_comes_back_equal",),
    "test_old_data": ("test_jobs_return_what_is_old_without_a_warning",),
    "test_openapi": (
        "test_every_operation_of_the_tap_is_one_that_the_vendor_has",
        "test_every_query_of_the_tap_is_one_that_the_vendor_describes",
    ),
    "test_orchestrate": (
        "test_a_day_is_no_run_of_the_stream_of_runs",
        "test_a_day_of_each_group_counts_as_loaded_and_is_taken_over",
        "test_history_in_files_is_loaded_as_documented",
    ),
    "test_org_filters": ("test_a_listing_is_narrowed_down",),
    "test_personal_data": (
        "test_a_key_may_be_hashed_and_the_tables_still_join",
        "test_a_key_that_is_made_of_a_column_has_it_hashed_too",
        "test_attributes_are_kept_and_left_out_by_pattern",
        "test_no_personal_data_is_emitted_or_logged",
    ),
    "test_prefetch": (
        "test_a_passing_fault_costs_no_record",
        "test_listings_are_prefetched_too",
        "test_nothing_is_requested_twice",
        "test_the_output_is_that_of_plain_reading",
    ),
    "test_privacy": (
        "test_no_text_stays_under_a_bare_name",
        "test_one_rule_twice_is_that_rule_once",
        "test_what_a_path_reaches_is_gone_and_the_rest_stays",
    ),
    "test_reconciliation": (
        "test_a_day_is_counted_once_whatever_bounds_belong_to_an_interval",
        "test_where_an_interval_must_overlap_only_the_edges_of_a_day_are_missing",
    ),
    "test_runs": (
        "test_a_run_that_is_killed_is_reported_by_the_next_one",
        "test_the_state_of_a_failed_run_is_true",
    ),
    "test_salesforce": ("test_a_wait_doubles_and_is_as_long_as_required",),
    "test_schemas": (
        "test_a_second_run_changes_nothing",
        "test_check_names_what_would_change_and_writes_nothing",
        "test_unknown_fields_may_stand_at_every_depth",
    ),
    "test_shape": ("test_any_value_fits_any_shape_or_has_a_line",),
    "test_short_windows": (
        "test_only_what_nothing_reads_again_is_read_twice",
        "test_rows_that_arrive_while_one_pages_are_no_failure",
    ),
    "test_simulator_changes": (
        "test_some_dates_are_in_the_future",
        "test_the_vendors_document_describes_all_of_it",
    ),
    "test_simulator_server": ("test_an_invalid_argument_is_named",),
    "test_simulator_world": (
        "test_some_conversations_never_end_and_some_calls_end_after_sixty_days",
    ),
    "test_streams": ("test_a_stream_is_read_whole",),
    "test_sync": (
        "test_a_page_size_is_lowered_to_what_an_endpoint_allows",
        "test_one_login_serves_all_streams",
        "test_windows_of_any_length_read_the_same",
    ),
    "test_timeouts": (
        "test_no_part_is_below_an_hour",
        "test_prefetched_windows_are_split_alike",
        "test_rows_left_by_the_window_before_survive_a_split",
        "test_spans_of_users_are_all_there",
    ),
    "test_writer": ("test_a_stdout_that_is_replaced_stays_open_with_all_that_was_written",),
}


def is_slow(stem: str, function: str, *, is_law: bool) -> bool:
    """Return whether `make check` leaves a test out; of a law it tries the explicit examples.

    Args:
        stem: The stem of the test's file.
        function: The name of its function.
        is_law: Whether it is marked as a law.
    """
    return not is_law and (stem in SLOW_FILES or function in SLOW_TESTS.get(stem, ()))
