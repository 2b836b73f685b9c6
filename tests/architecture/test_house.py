"""The house's rules, held against the tree. Each rule is shown able to fail in test_rules.py."""

from collections.abc import Callable, Mapping

import pytest

from tests.architecture import floors, shape, tree, words, writers

Rule = Callable[[str, str], list[str]]


def keep(rule: Rule, files: Mapping[str, str], remark: str = "") -> None:
    """Fail with the rule's own words and each place where it is broken."""
    found = [fault for path, source in files.items() for fault in rule(path, source)]
    if found:
        pytest.fail("\n".join([rule.__doc__ or rule.__name__, *found, remark]).strip(), pytrace=False)


def test_a_file_has_at_most_350_lines() -> None:
    files = tree.python_files()
    keep(shape.long_files, files, shape.medians(files.values()))


def test_a_function_has_at_most_60_lines() -> None:
    files = tree.python_files()
    keep(shape.long_functions, files, shape.medians(files.values()))


def test_imports_stand_at_the_top() -> None:
    keep(shape.imports_inside_functions, tree.python_files())


def test_our_apps_send_no_signals() -> None:
    keep(shape.signals, tree.production_files())


def test_names_say_what_a_file_holds() -> None:
    keep(shape.empty_names, dict.fromkeys(tree.listed(), ""))


def test_the_top_level_holds_the_fixed_set_and_nothing_else() -> None:
    assert shape.other_top_level(tree.listed()) == []


def test_a_floor_imports_nothing_of_the_roof() -> None:
    keep(floors.roof_imports, tree.production_files())


def test_a_noun_module_knows_no_request_no_view_and_no_presenter() -> None:
    keep(floors.http_in_nouns, tree.production_files())


def test_stripe_is_spoken_to_by_the_rails_and_heard_by_the_webhooks() -> None:
    keep(floors.stripe_elsewhere, tree.production_files())


def test_calls_to_the_outside_are_made_under_the_providers() -> None:
    keep(floors.http_elsewhere, tree.production_files())


def test_the_client_imports_the_standard_library_and_itself() -> None:
    keep(floors.client_dependencies, tree.production_files())


def test_a_view_is_one_class_and_one_path() -> None:
    keep(floors.framework_shortcuts, tree.production_files())


def test_each_kind_of_row_that_counts_has_one_writer() -> None:
    keep(writers.foreign_writes, tree.production_files())


def test_only_the_authorisation_places_a_hold() -> None:
    keep(writers.foreign_holds, tree.production_files())


def test_only_one_module_knows_where_the_bytes_lie() -> None:
    keep(writers.foreign_storage, tree.production_files())


def test_one_call_makes_a_provider_paint() -> None:
    calls = writers.provider_calls(tree.production_files())
    assert len(calls) == 1, calls
    assert calls[0].startswith("creative/execution"), calls


def test_views_and_presenters_make_no_query() -> None:
    keep(writers.queries_in_answers, tree.production_files())


def test_no_column_and_no_field_is_a_float() -> None:
    keep(words.floats, tree.production_files() | tree.migrations())


def test_the_time_is_asked_of_one_clock() -> None:
    keep(words.local_clocks, tree.production_files())


def test_production_code_does_not_know_that_it_is_tested() -> None:
    keep(words.test_modes, tree.production_files())


def test_no_file_names_a_place_of_one_machine() -> None:
    files = {path: tree.text_of(path) for path in tree.listed()}
    keep(words.machine_paths, files)


def test_a_migration_is_named_and_imports_nothing_of_the_house() -> None:
    keep(words.migration_faults, tree.migrations())


def test_a_lock_holds_pins_and_hashes_and_no_address() -> None:
    locks = {path: tree.text_of(path) for path in tree.listed() if path.startswith("requirements/")}
    assert set(locks) == {"requirements/dev.txt", "requirements/service.txt"}
    keep(words.lock_faults, locks)


def test_what_is_tested_is_what_runs() -> None:
    locks = {name: tree.text_of(f"requirements/{name}.txt") for name in ("service", "dev")}
    assert words.unequal_pins(locks) == []
