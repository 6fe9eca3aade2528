//! A bounded store of things that were read and may be asked for again.

use std::collections::HashMap;
use std::hash::Hash;

/// Things that are kept at most. The half that was not asked for lately goes first.
const THINGS: usize = 4_096;

/// Bytes, by a rough count, that the things take at most: all shelves together stay far below the 40 MB that an idle
/// daemon may take.
const BYTES: usize = 8 << 20;

/// How much room a thing takes, roughly: for a bound, not for accounts.
pub(super) trait Bulk {
    /// Bytes.
    fn bytes(&self) -> usize;
}

impl<T: Bulk> Bulk for Option<T> {
    fn bytes(&self) -> usize {
        self.as_ref().map_or(0, Bulk::bytes)
    }
}

/// Things of one kind by what was asked for, in two halves: when the younger one is full it becomes the older one, and
/// what was in that and not asked for since is forgotten.
pub(super) struct Shelf<K, V> {
    younger: HashMap<K, V>,
    older: HashMap<K, V>,
    /// Of the younger half.
    bytes: usize,
}

impl<K, V> Default for Shelf<K, V> {
    fn default() -> Self {
        Self {
            younger: HashMap::new(),
            older: HashMap::new(),
            bytes: 0,
        }
    }
}

impl<K: Hash + Eq + Bulk, V: Clone + Bulk> Shelf<K, V> {
    /// The thing, if it is kept.
    pub(super) fn get(&mut self, key: &K) -> Option<V> {
        if let Some(thing) = self.younger.get(key) {
            return Some(thing.clone());
        }
        let (key, thing) = self.older.remove_entry(key)?;
        self.put(key, thing.clone());
        Some(thing)
    }

    /// Keeps a thing, unless it is larger than half of the room.
    pub(super) fn put(&mut self, key: K, thing: V) {
        let bytes = key.bytes() + thing.bytes();
        if bytes > BYTES / 2 {
            return;
        }
        if self.younger.len() >= THINGS / 2 || self.bytes + bytes > BYTES / 2 {
            self.older = std::mem::take(&mut self.younger);
            self.bytes = 0;
        }
        self.bytes += bytes;
        self.younger.insert(key, thing);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Bulk for usize {
        fn bytes(&self) -> usize {
            *self
        }
    }

    fn len(shelf: &Shelf<usize, usize>) -> usize {
        shelf.younger.len() + shelf.older.len()
    }

    #[test]
    fn what_is_asked_for_stays_and_what_is_not_makes_room() {
        let mut shelf = Shelf::default();
        for key in 0..3 * THINGS {
            shelf.put(key, 1);
            assert_eq!(shelf.get(&0), Some(1), "{key}");
            assert!(len(&shelf) <= THINGS);
        }
        assert_eq!(shelf.get(&1), None);
    }

    #[test]
    fn large_things_leave_room_for_others() {
        let mut shelf = Shelf::default();
        shelf.put(0, BYTES / 2);
        assert_eq!(shelf.get(&0), Some(BYTES / 2));
        shelf.put(1, BYTES / 2 + 1);
        assert_eq!(shelf.get(&1), None);
        for key in 2..100 {
            shelf.put(key, BYTES / 16);
        }
        assert!(len(&shelf) <= 16);
    }
}
