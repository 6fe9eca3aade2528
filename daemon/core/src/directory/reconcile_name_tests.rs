//! Usernames that pass from one person to another within one plan.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::super::pair::{Goes, Held};
use super::tests::{observed, ours, run, standing, theirs};
use super::*;

/// A district: what its people are called, and what their entries call them now. `None` on the left is somebody new, on
/// the right somebody whose entry was not read.
type Names = Vec<(Option<String>, Option<String>)>;

fn name(number: usize) -> String {
    format!("n{number}")
}

fn id(place: usize) -> String {
    format!("{place:03}")
}

fn rivals(names: &Names, own: usize, username: &str) -> u64 {
    let others = names.iter().enumerate();
    let same = |(place, (_, read)): &(usize, &(_, Option<String>))| {
        *place != own && read.as_deref() == Some(username)
    };
    others.filter(same).count() as u64
}

/// Whoever has the username that somebody goes to, as the store finds it out.
fn held(names: &Names, username: &str, met: &mut BTreeSet<usize>) -> Held {
    let holder = names
        .iter()
        .position(|(has, _)| has.as_deref() == Some(username));
    let Some(place) = holder else {
        return Held::Free;
    };
    if !met.insert(place) {
        return Held::ByTheFirst;
    }
    let goes = names[place].1.as_ref().map(|read| Goes {
        username: read.clone(),
        rivals: rivals(names, place, read),
        held: match read == username {
            // Nobody stands in the way of whoever stays.
            true => Held::Free,
            false => held(names, read, met),
        },
    });
    Held::By(Box::new(Namesake {
        ours: ours(&observed(&id(place), username)),
        goes,
    }))
}

fn pairs(names: &Names) -> Vec<Pair> {
    let pair = |(place, (has, read)): (usize, &(Option<String>, Option<String>))| {
        let known = has.as_ref().map(|has| ours(&observed(&id(place), has)));
        let entry = read.as_ref().map(|read| {
            let mut entry = theirs(observed(&id(place), read));
            if has.as_ref() != Some(read) {
                entry.rivals = rivals(names, place, read);
                if let Held::By(namesake) = held(names, read, &mut BTreeSet::from([place])) {
                    entry.namesake = Some(*namesake);
                }
            }
            entry
        });
        match (known, entry) {
            (Some(known), Some(entry)) => Pair::Both(Box::new(known), entry),
            (Some(known), None) => Pair::Ours(Box::new(known), Absence::Hidden),
            (None, Some(entry)) => Pair::Theirs(entry),
            (None, None) => Pair::Unknown,
        }
    };
    names.iter().enumerate().map(pair).collect()
}

/// What everybody is called after the plan, by stable id.
fn after(names: &Names) -> BTreeMap<String, String> {
    let before = names.iter().enumerate();
    let mut called: BTreeMap<String, String> = before
        .filter_map(|(place, (has, _))| Some((id(place), has.clone()?)))
        .collect();
    let (changes, ..) = run(standing(names.len() as u64), pairs(names));
    for change in changes {
        if let Change::Person {
            after: Some(person),
            ..
        } = change
        {
            let link = person.directory.unwrap();
            called.insert(link.stable_id, person.username);
        }
    }
    called
}

fn named(names: &[(&str, &str)]) -> Names {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    names
        .iter()
        .map(|(has, read)| (text(has), text(read)))
        .collect()
}

fn called(names: &[(&str, &str)]) -> Vec<String> {
    after(&named(names)).into_values().collect()
}

#[test]
fn a_chain_a_swap_and_a_circle_all_arrive_in_one_plan() {
    assert_eq!(called(&[("a", "b"), ("b", "c")]), ["b", "c"]);
    assert_eq!(called(&[("b", "c"), ("a", "b")]), ["c", "b"]);
    assert_eq!(called(&[("a", "b"), ("b", "a")]), ["b", "a"]);
    let circle = [("a", "b"), ("b", "c"), ("c", "a")];
    assert_eq!(called(&circle), ["b", "c", "a"]);
    // Somebody new takes the name that the last of a chain has left.
    assert_eq!(
        called(&[("", "a"), ("a", "b"), ("b", "c")]),
        ["a", "b", "c"]
    );
}

#[test]
fn a_chain_whose_end_is_taken_stays_where_it_is() {
    // c stays: so b does, and a.
    assert_eq!(
        called(&[("a", "b"), ("b", "c"), ("c", "c")]),
        ["a", "b", "c"]
    );
    // Nobody knows where c is.
    assert_eq!(
        called(&[("a", "b"), ("b", "c"), ("c", "")]),
        ["a", "b", "c"]
    );
    // Two want to be called c.
    assert_eq!(called(&[("a", "b"), ("b", "c"), ("", "c")]), ["a", "b"]);
}

proptest! {
    #[test]
    fn no_plan_gives_a_username_to_two_people(
        known in prop::collection::vec(prop::option::of(0_usize..8), 1..8),
        read in prop::collection::vec(prop::option::of(0_usize..8), 8),
    ) {
        let mut taken = BTreeSet::new();
        let known = known.into_iter().map(|has| has.filter(|has| taken.insert(*has)));
        let names: Names = known.zip(read).map(|(has, read)| (has.map(name), read.map(name))).collect();
        let called = after(&names);
        let different: BTreeSet<_> = called.values().collect();
        prop_assert_eq!(different.len(), called.len(), "{:?} from {:?}", called, names);
    }

    #[test]
    fn names_that_are_only_dealt_out_anew_all_arrive(dealt in Just((0..9).collect::<Vec<_>>()).prop_shuffle()) {
        let names: Names = dealt.iter().enumerate().map(|(place, to)| (Some(name(place)), Some(name(*to)))).collect();
        let called: Vec<_> = after(&names).into_values().collect();
        prop_assert_eq!(called, dealt.into_iter().map(name).collect::<Vec<_>>());
    }
}
