//! Classes of events that somebody may want to hear of: what each is called, and its message id for `journalctl`.
//!
//! A message id never changes and is never used again; a new class gets a new one (`journalctl --new-id128`).

/// A class of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// What it is called; for an alarm, its code.
    pub word: &'static str,
    /// What it says, on one line.
    pub says: &'static str,
    /// 128 bits as hexadecimal digits: `MESSAGE_ID=` of the journal (systemd.journal-fields(7)).
    pub id: &'static str,
}

macro_rules! events {
    ($($name:ident $word:literal $id:literal $says:literal)*) => {
        $(
            #[doc = $says]
            pub const $name: Event = Event { word: $word, says: $says, id: $id };
        )*
        /// All of them.
        pub const ALL: &[Event] = &[$($name),*];
    };
}

events! {
    READY "daemon.ready" "0df2f97448ee436d9f54313a30858094" "the daemon answers from now on"
    STOPPING "daemon.stopping" "1144c6e4719f43b5af63c0c1de9fded8" "the daemon was told to stop and finishes what is under way"
    FAILED "daemon.failed" "a7065ff28e6943e7a5263b4cae3d1b92" "the daemon did not start, or did not go on, with the reason"
    SILENT "daemon.silent" "0bdb62a9a6034eea9b55a74008e19e47" "parts of the daemon do not answer; the watchdog is not fed"
    CONFIGURATION_IN_FORCE "configuration.in-force" "2eb2fd3b19d14ef4b87b6b7c1546889e" "a reload is in force"
    CONFIGURATION_REFUSED "configuration.refused" "b878b3e262604e4ba712777241f1eff4" "a reload was refused, with everything that is wrong; the old configuration stays"
    STORE_HINDERED "store.hindered" "80831eddbc22470c8f61ec0c1c784647" "the register takes no writes; reads go on"
    STORE_MENDED "store.mended" "7c5b819dd8014a13b1ef057bae16b385" "the register takes writes again"
    STORE_DAMAGED "store.damaged" "1790d596ca0f4e0b8716613e50fc625f" "the register was found damaged after an unclean stop"
    AUDIT_BROKEN "audit.broken" "91c62c7b5f994526beee6cafe0b73d3c" "the journal's chain is broken, or a checkpoint does not hold"
    CONTACT_RESTORED "contact.active" "005c7aa7819a4352b084abbb3b825a41" "a contact is active again: by activity, reactivation or a return to the directory"
    CONTACT_PENDING "contact.pending" "53575a75aca94ec9ba0c1007744320cb" "the notice of pending deactivation was accepted"
    CONTACT_HELD "contact.held" "60de2c6717cd402eb601fc686b8398bd" "a stage waits for data or for a notice that can be delivered"
    CONTACT_SUSPENDED "contact.suspended" "fd2e2874c0a54493a82264b8df7aee4b" "the directory shut a contact out"
    CONTACT_DEACTIVATED "contact.deactivated" "7c7dd5525cda44b9addc374eda31c369" "a contact was deactivated for inactivity"
    CONTACT_REMOVED "contact.removed" "9d361c9502cc4381ad62ef858929ab0a" "a contact is one no longer"
    NOTICE_TRIED "notice.tried" "c1035eb5c8fe443b825d5d9fbde87c9f" "a notice was handed to a channel, with what came of it"
    NOTICE_FAILED "notice.failed" "b91fd6f97cdf4d35ba875255f7f8bcce" "a notice was given up: no channel takes it"
    NOTICE_MASS "notice.mass" "b4bf68e1560c46a79a2a2de864ff737b" "a mass of notices waits for an operator's word"
    SYNC_FINISHED "sync.finished" "16014cc1b8ec4382a985ef1154462ece" "a directory was read, with what came of it"
    SYNC_FAILED "sync.failed" "2a59d349c5314e49ab8ae4641fbec9b7" "a source began to fail"
    SYNC_REFUSED "sync.refused" "225cfbe2cd0f4ee09c1e7738ccce070c" "a guard refuses a plan"
    SYNC_WAITING "sync.waiting" "e149e004cf794c8d96a8053b6b2855c9" "a plan waits for an operator's approval"
    PLUGIN_CHANGED "plugin.changed" "2427d74c1d264ff6a4c625578cc8bace" "a version of a plugin was installed, approved, rolled back or removed"
    PLUGIN_WAITS "plugin.waits" "2ada6df4b9284a1bb025a654cab7f701" "a version of a plugin asks for more than was approved and waits"
    PLUGIN_QUARANTINED "plugin.quarantined" "739113ed13274fc7b34f84c2925d86c2" "a plugin failed too often and rests"
    CLOCK_FROZEN "clock.frozen" "0bff44c0fccc4db08977359414985fc3" "the clock is not believed; nobody is moved on until it is confirmed"
    TOKEN_MADE "token.made" "f9017df08952403db754258627bc3c55" "a token was made"
    TOKEN_REVOKED "token.revoked" "de8786d7f2ab495f982309f3042ed52a" "a token was taken back"
    ALARM "alarm" "7931ba75ee40446d9132330091b3892c" "any other alarm to the operators, with its code"
}

/// The class of an alarm with this code.
#[must_use]
pub fn of_alarm(code: &str) -> Event {
    let known = ALL.iter().find(|event| event.word == code);
    known.copied().unwrap_or(ALARM)
}

/// The word of the class that has this message id.
pub(super) fn word(id: &str) -> Option<&'static str> {
    let known = ALL.iter().find(|event| event.id == id);
    known.map(|event| event.word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_class_has_an_id_and_a_word_of_its_own() {
        let ids: BTreeSet<_> = ALL.iter().map(|event| event.id).collect();
        let words: BTreeSet<_> = ALL.iter().map(|event| event.word).collect();
        assert_eq!((ids.len(), words.len()), (ALL.len(), ALL.len()));
        for id in ids {
            let digits = id.chars().all(|digit| digit.is_ascii_hexdigit());
            assert!(digits && id.len() == 32, "{id}");
        }
    }

    #[test]
    fn every_class_stands_in_the_table_for_operators() {
        let table = include_str!("../../../../config/monitoring/README.md");
        for Event { word, says, id } in ALL {
            let row = format!("| `{word}` | {says} | `{id}` |");
            assert!(table.contains(&row), "missing:\n{row}");
        }
    }
}
