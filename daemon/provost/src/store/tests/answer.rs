//! Answers by idempotency key.

use jiff::SignedDuration;

use super::{Disk, noon};
use crate::store::{Answer, Claim, Key, Store};

fn key(caller: &str) -> Key {
    Key {
        caller: caller.to_owned(),
        key: "k1".to_owned(),
    }
}

fn answer(body: &str) -> Answer {
    Answer {
        status: 200,
        kind: "application/json".to_owned(),
        body: Some(body.to_owned()),
    }
}

fn claim(store: &Store, caller: &str, request: u8) -> Claim {
    store.claim(key(caller), [request; 32], noon()).unwrap()
}

#[test]
fn a_request_that_comes_again_gets_the_first_answer_even_after_a_restart() {
    let disk = Disk::new();
    let store = disk.open();
    assert_eq!(claim(&store, "kim", 1), Claim::New);
    assert_eq!(claim(&store, "kim", 1), Claim::Unanswered);
    store.keep_answer(key("kim"), answer("{}")).unwrap();
    drop(store);
    let store = disk.open();
    assert_eq!(claim(&store, "kim", 1), Claim::Answered(answer("{}")));
}

#[test]
fn a_key_stands_for_one_request_of_one_caller() {
    let store = Store::in_memory().unwrap();
    assert_eq!(claim(&store, "kim", 1), Claim::New);
    assert_eq!(claim(&store, "kim", 2), Claim::Other);
    assert_eq!(claim(&store, "lee", 2), Claim::New);
}

#[test]
fn a_key_is_free_again_once_nothing_came_of_its_request() {
    let store = Store::in_memory().unwrap();
    assert_eq!(claim(&store, "kim", 1), Claim::New);
    store.forget_answer(key("kim")).unwrap();
    assert_eq!(claim(&store, "kim", 2), Claim::New);
}

#[test]
fn a_key_is_forgotten_after_a_day() {
    let store = Store::in_memory().unwrap();
    assert_eq!(claim(&store, "kim", 1), Claim::New);
    let later = noon() + SignedDuration::from_hours(25);
    assert_eq!(store.claim(key("kim"), [2; 32], later).unwrap(), Claim::New);
}

#[test]
fn an_answer_too_large_to_keep_is_known_to_have_been_given() {
    let store = Store::in_memory().unwrap();
    assert_eq!(claim(&store, "kim", 1), Claim::New);
    let large = answer(&"x".repeat(1 << 20));
    store.keep_answer(key("kim"), large.clone()).unwrap();
    let kept = Answer {
        body: None,
        ..large
    };
    assert_eq!(claim(&store, "kim", 1), Claim::Answered(kept));
}
