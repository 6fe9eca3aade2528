//! What everyone is told at every stage.

use super::*;

#[test]
fn the_notice_says_the_day_what_to_do_and_whom_to_ask() {
    let mail = render(about(NoticeKind::Notice), &[("signature", "Lone Pine IT")]);
    assert_eq!(
        mail.subject,
        "Your support access will be deactivated on Tuesday, 1 April 2025"
    );
    assert_eq!(
        mail.text,
        "Dear Ana <Ortiz>,\n\n\
         Your access as support contact of Lone Pine Unified will be deactivated on Tuesday, 1 April 2025, 10:00 \
         (UTC-06:00), in 30 days: no activity has been seen since Tuesday, 3 September 2024.\n\n\
         WHAT TO DO\nOne of these before Tuesday, 1 April 2025 keeps it:\n  - log in to the support portal\n  \
         - submit a case or comment on one\n  - call support\n\n\
         WHOM TO ASK\n  - Ben Cho, ben.cho@lonepine.example\n  - Help of the district, +1 555 0100\n\n\
         Lone Pine IT\n"
    );
}

#[test]
fn every_stage_says_everyone_the_day_what_to_do_and_whom_to_ask() {
    let mut subjects = Vec::new();
    for role in ROLES {
        for kind in KINDS {
            let mail = render_to(about(kind), role, &[]);
            let day = match kind {
                NoticeKind::Reactivated => "Sunday, 2 March 2025, 10:00 (UTC-07:00)",
                _ => "Tuesday, 1 April 2025, 10:00 (UTC-06:00)",
            };
            for said in [day, "\nWHAT TO DO\n", "\nWHOM TO ASK\n", "+1 555 0100"] {
                assert!(mail.text.contains(said), "{said}: {}", mail.text);
            }
            subjects.push(mail.subject);
        }
    }
    subjects.sort_unstable();
    subjects.dedup();
    // Colleague and mailbox read the same subjects.
    assert_eq!(subjects.len(), 2 * KINDS.len());
}

#[test]
fn whoever_is_told_instead_of_the_person_reads_why_and_what_they_can_do() {
    let mail = render_to(
        about(NoticeKind::Deactivated),
        RecipientRole::Colleague,
        &[],
    );
    assert_eq!(
        mail.text,
        "Dear Ben Cho,\n\n\
         Ana <Ortiz> could not be reached. You are told as another contact of the district: please pass it on.\n\n\
         The access of Ana <Ortiz> as support contact of Lone Pine Unified was deactivated on Tuesday, 1 April 2025, \
         10:00 (UTC-06:00): no activity has been seen since Tuesday, 3 September 2024.\n\n\
         WHAT TO DO\nIf it is still needed, submit a case \"Modify Support Contact\": it restores the access.\n\n\
         WHOM TO ASK\n  - Help of the district, +1 555 0100\n"
    );
    let mail = render_to(about(NoticeKind::Final), RecipientRole::Mailbox, &[]);
    assert!(
        mail.text.starts_with(
            "Dear colleagues of Lone Pine Unified,\n\nAna <Ortiz> could not be reached."
        )
    );
}

#[test]
fn the_last_contact_is_told_so_and_always_finds_somebody_to_ask() {
    let mut last = about(NoticeKind::Final);
    (last.last_contact, last.others, last.help_phone) = (true, vec![], None);
    (last.days_left, last.last_activity) = (1, None);
    let text = render(last, &[]).text;
    assert!(
        text.contains("\nLAST CONTACT OF THE DISTRICT\nNo other contact"),
        "{text}"
    );
    assert!(
        text.contains(", tomorrow: no activity has ever been seen."),
        "{text}"
    );
    assert!(
        text.contains("\nWHOM TO ASK\n  - Support, as you usually reach it\n"),
        "{text}"
    );
}
