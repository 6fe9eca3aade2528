use rusqlite::Connection;

/// How SQLite goes about a statement, one step a line.
fn steps(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection
        .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
        .unwrap();
    let rows = statement.raw_query();
    let steps: Vec<String> = rows.mapped(|row| row.get(3)).map(Result::unwrap).collect();
    assert!(!steps.is_empty(), "{sql}");
    steps
}

/// Statements with the index that each must use.
const ASKED_OFTEN: [(&str, &str); 27] = [
    (
        include_str!("../person/holders.sql"),
        "person_username (username=?",
    ),
    (
        include_str!("../person/by_username.sql"),
        "person_username (username=?",
    ),
    (
        include_str!("../person/by_address.sql"),
        "PRIMARY KEY (address=?",
    ),
    (
        include_str!("../person/by_stable_id.sql"),
        "person_stable_id (stable_id=?",
    ),
    (
        include_str!("../person/page.sql"),
        "person_district (district=? AND id>?",
    ),
    (
        include_str!("../contact/due.sql"),
        "contact_due (next_due<?",
    ),
    (
        include_str!("../contact/next_due.sql"),
        "contact_due (next_due>?",
    ),
    (
        include_str!("../contact/district.sql"),
        "contact_district (district=?",
    ),
    (
        include_str!("../contact/valid.sql"),
        "contact_standing (district=? AND state=?",
    ),
    (
        include_str!("../contact/technical.sql"),
        "contact_standing (district=? AND state=? AND <expr>=?",
    ),
    (include_str!("../grant/person.sql"), "PRIMARY KEY (person=?"),
    (
        include_str!("../grant/holders.sql"),
        "granted_what (what=? AND person>?",
    ),
    (
        include_str!("../notice/due.sql"),
        "notice_due (kind=? AND not_before<?",
    ),
    (
        include_str!("../notice/state.sql"),
        "notice_state (state=? AND seq<?",
    ),
    (
        include_str!("../notice/held.sql"),
        "notice_state (state=? AND seq>? AND seq<?",
    ),
    (
        include_str!("../notice/failed.sql"),
        "notice_state (state=? AND seq>?",
    ),
    (
        include_str!("../contact/others.sql"),
        "contact_district (district=?",
    ),
    (
        include_str!("../contact/other_technical.sql"),
        "contact_standing (district=? AND state=? AND <expr>=?",
    ),
    (
        include_str!("../notice/person.sql"),
        "notice_person (person=? AND seq<?",
    ),
    (
        include_str!("../access/page.sql"),
        "access_person (person=? AND seq<?",
    ),
    (
        include_str!("../activity/person.sql"),
        "activity_person (person=?",
    ),
    (
        include_str!("../journal/person.sql"),
        "journal_person (person=? AND seq>?",
    ),
    (
        include_str!("../decision/ids_of_person.sql"),
        "PRIMARY KEY (person=? AND decision<?",
    ),
    (
        include_str!("../decision/ids_of_district.sql"),
        "decision_district (district=? AND id<?",
    ),
    (include_str!("../forget/activity.sql"), "activity_at (at<?"),
    (
        include_str!("../forget/sessions.sql"),
        "session_closed (<expr><?",
    ),
    (
        include_str!("../forget/notices.sql"),
        "notice_queued (<expr><?",
    ),
];

#[test]
fn what_is_asked_often_never_walks_through_a_district_or_a_table() {
    let connection = crate::store::open::open_in_memory().unwrap();
    for (sql, index) in ASKED_OFTEN {
        let steps = steps(&connection, sql);
        assert!(
            steps.iter().any(|step| step.contains(index)),
            "{sql}{steps:?}"
        );
        let walks = |step: &String| step.starts_with("SCAN") && !step.starts_with("SCAN (subquery");
        assert!(!steps.iter().any(walks), "{sql}{steps:?}");
    }
}

#[test]
fn what_groups_give_is_worked_out_from_the_groups_not_from_all_entries() {
    let connection = crate::store::open::open_in_memory().unwrap();
    let steps = steps(&connection, include_str!("../staging/gain.sql"));
    let through_all = [
        "entry USING PRIMARY KEY (source=?)",
        "member USING PRIMARY KEY (source=?)",
    ];
    for step in &steps {
        assert!(
            !through_all.iter().any(|way| step.ends_with(way)),
            "{steps:?}"
        );
    }
}
