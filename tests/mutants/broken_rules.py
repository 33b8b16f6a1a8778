# SPDX-License-Identifier: Apache-2.0
"""
Mutants: the coordination core with one rule broken each.

What breaks them stands by room in ``consensus_rules.py``, ``mesh_rules.py`` and
``mission_rules.py``.
"""

from __future__ import annotations

from mutants import consensus_rules, mesh_rules, mission_rules
from mutants.mutant import Mutant

MUTANTS = {
    'votes_twice': Mutant('one vote per term', consensus_rules.votes_twice, 0, 'two_candidates'),
    'votes_for_shorter_logs': Mutant(
        'a vote only for a log that covers the own', consensus_rules.votes_for_shorter_logs, 0),
    'commits_earlier_terms_by_counting': Mutant(
        'commit by counting entries of the own term only (section 3.6.2, figure 3.7)',
        consensus_rules.commits_earlier_terms_by_counting, 7, 'figure_3_7'),
    'acknowledges_before_the_disk': Mutant(
        'an acknowledgement waits for the disk', consensus_rules.acknowledges_before_the_disk, 0),
    'shows_votes_before_the_disk': Mutant(
        'a vote waits for the disk', consensus_rules.shows_votes_before_the_disk, 0),
    'forgets_its_vote_on_restart': Mutant(
        'a vote outlives a restart', consensus_rules.forgets_its_vote_on_restart, 0),
    'resets_the_timer_on_relayed_duplicates': Mutant(
        'only a newer heartbeat of the leader puts an election off',
        consensus_rules.resets_the_timer_on_relayed_duplicates, 0, 'dead_leader'),
    'orders_acknowledgements_by_index_alone': Mutant(
        'an acknowledgement counts in its own term only',
        consensus_rules.orders_acknowledgements_by_index_alone, 1, 'divergence'),
    'spends_the_whole_budget_on_beacons': Mutant(
        'beacons leave most of a short budget to relays and digests',
        mesh_rules.spends_the_whole_budget_on_beacons, 1, 'narrow'),
    'leaves_no_bytes_to_rows_while_entries_wait': Mutant(
        'rows that wait for too long come before entries',
        mesh_rules.leaves_no_bytes_to_rows_while_entries_wait, 0, 'loaded'),
    'counts_learners': Mutant(
        'learners do not count', consensus_rules.counts_learners, 0, 'learners'),
    'commits_on_half': Mutant('a majority is more than half', consensus_rules.commits_on_half, 0),
    'leads_on_without_a_quorum': Mutant(
        'a leader without a quorum steps down', consensus_rules.leads_on_without_a_quorum, 0),
    'takes_entries_that_do_not_fit': Mutant(
        'entries are taken where the term before them agrees',
        consensus_rules.takes_entries_that_do_not_fit, 0, 'islands'),
    'believes_the_leaders_commit_unverified': Mutant(
        'committed is only what is verified',
        consensus_rules.believes_the_leaders_commit_unverified, 0, 'divergence'),
    'changes_voters_before_the_no_op': Mutant(
        "no change of voters before the term's no-op is committed",
        consensus_rules.changes_voters_before_the_no_op, 0),
    'evicts_without_a_quorum': Mutant(
        'the next eviction waits until the last is committed',
        consensus_rules.evicts_without_a_quorum, 0),
    'reuses_its_incarnation': Mutant(
        'every start has an incarnation of its own', mesh_rules.reuses_its_incarnation, 0),
    'believes_first_hearsay': Mutant(
        'only a beacon of bounded age proves life', mesh_rules.believes_first_hearsay, 4),
    'never_declares_silent': Mutant(
        'who is silent is declared so, confirmed or not',
        mesh_rules.never_declares_silent, 0, 'dead_leader'),
    'never_evicts': Mutant(
        'a voter that stays silent loses its vote', consensus_rules.never_evicts, 0,
        'dead_leader'),
    'never_promotes': Mutant(
        'learners that have caught up make the number of voters odd',
        consensus_rules.never_promotes, 0, 'dead_leader'),
    'lifts_stops_without_naming_counters': Mutant(
        'a stop raised meanwhile survives a lifting',
        mesh_rules.lifts_stops_without_naming_counters, 0, 'lifting'),
    'counts_stops_from_the_start_after_a_lost_disk': Mutant(
        'a stop is raised anew where a forgotten life has raised higher ones',
        mesh_rules.counts_stops_from_the_start_after_a_lost_disk, 0, 'forgotten_stops'),
    'applies_duplicates': Mutant(
        'a serial takes effect once', mission_rules.applies_duplicates, 0),
    'drops_the_sessions_from_the_snapshot': Mutant(
        'a snapshot holds the session table',
        mission_rules.drops_the_sessions_from_the_snapshot, 0, 'snapshots'),
    'drops_the_clients_from_the_snapshot': Mutant(
        'a snapshot holds the sessions of clients',
        mission_rules.drops_the_clients_from_the_snapshot, 0, 'outsiders'),
    'applies_duplicates_of_clients': Mutant(
        'a serial of a client takes effect once',
        mission_rules.applies_duplicates_of_clients, 0, 'outsiders'),
    'never_ends_sessions_of_clients': Mutant(
        'a session that was not used for its time is over',
        mission_rules.never_ends_sessions_of_clients, 0, 'outsiders'),
    'ends_sessions_of_clients_by_own_clocks': Mutant(
        'a session ends by log time, on all robots at the same entry',
        mission_rules.ends_sessions_of_clients_by_own_clocks, 0, 'outsiders'),
    'writes_what_it_refuses': Mutant(
        'what is refused changes nothing', mission_rules.writes_what_it_refuses, 0, 'outsiders'),
    'forgets_versions_with_deletions': Mutant(
        'no version of a key comes twice, forgotten deletions or not',
        mission_rules.forgets_versions_with_deletions, 0, 'deletions'),
    'forgets_intents_on_restart': Mutant(
        'an accepted command outlives a restart', mission_rules.forgets_intents_on_restart, 0),
    'accepts_before_the_disk': Mutant(
        'a command is accepted once it is on disk', mission_rules.accepts_before_the_disk, 3),
    'reads_without_asking_a_quorum': Mutant(
        'a read waits for echoes of a majority',
        consensus_rules.reads_without_asking_a_quorum, 0, 'deposed_reader'),
    'reads_before_its_first_entry': Mutant(
        'a leader answers reads once an entry of its own term is committed',
        consensus_rules.reads_before_its_first_entry, 0, 'elected_reader'),
    'clock_jump_renews_a_lease': Mutant(
        'what a clock shows after a gap renews no lease',
        mission_rules.clock_jump_renews_a_lease, 0, 'leaping_clocks'),
    'acts_on_what_it_has_given_back': Mutant(
        'what was under way when a task was given back grants nothing',
        mission_rules.acts_on_what_it_has_given_back, 4, 'tasks'),
    'clock_jump_ends_leases_of_others': Mutant(
        "log time does not follow a leap of the leader's clock",
        mission_rules.clock_jump_ends_leases_of_others, 3, 'leaping_clocks'),
    'short_leaps_end_leases_of_others': Mutant(
        'a step longer than a late tick counts for next to nothing in log time',
        mission_rules.short_leaps_end_leases_of_others, 3, 'leaping_clocks'),
    'forgets_the_silent': Mutant(
        'who has fallen silent stays an obstacle', mesh_rules.forgets_the_silent, 2, 'flying'),
    'believes_that_every_row_is_fresh': Mutant(
        "a pose is as old as its row's echoes allow",
        mesh_rules.believes_that_every_row_is_fresh, 47, 'flying'),
    'flies_on_where_others_lost_it': Mutant(
        'who may be the one that others near have lost stands',
        mission_rules.flies_on_where_others_lost_it, 17, 'flying'),
    'forgets_no_transfer': Mutant(
        "an operator's wish is obeyed once, in its term, and void from then on",
        consensus_rules.forgets_no_transfer, 1, 'operations'),
    'refuses_what_a_snapshot_settles': Mutant(
        'what took effect is not told refused',
        mission_rules.refuses_what_a_snapshot_settles, 21, 'snapshots'),
    'keeps_commands_of_the_removed': Mutant(
        'what a removed robot had accepted is refused there',
        mission_rules.keeps_commands_of_the_removed, 2, 'operations'),
    'rewrites_its_log_as_leader': Mutant(
        'a leader only appends', consensus_rules.rewrites_its_log_as_leader, 0),
}
