//! Counts the memory and tables of one plugin call, over all of its memories and tables.

use wasmtime::ResourceLimiter;

use crate::limits::Limits;

/// What one store may hold. Wasmtime's own limiter bounds each memory; this one bounds their sum.
#[derive(Debug)]
pub(crate) struct Meter {
    /// Bytes of all linear memories that are allowed.
    pub(crate) memory_bytes_max: usize,
    /// Bytes of all linear memories that it has.
    pub(crate) memory_bytes: usize,
    table_elements: usize,
    table_elements_max: usize,
    instances_max: usize,
    tables_max: usize,
    memories_max: usize,
    /// Something was refused: what fails afterwards most likely fails because of that.
    pub(crate) refused: bool,
}

impl Meter {
    pub(crate) fn new(memory_bytes_max: usize, limits: &Limits) -> Self {
        Self {
            memory_bytes_max,
            memory_bytes: 0,
            table_elements: 0,
            table_elements_max: limits.table_elements_total,
            instances_max: limits.instances,
            tables_max: limits.tables,
            memories_max: limits.memories,
            refused: false,
        }
    }
}

/// The new total if it stays within `max`. A refused growth is not counted; one that fails later in the operating
/// system is, which errs on the safe side.
fn grown(total: usize, current: usize, desired: usize, max: usize) -> Option<usize> {
    total
        .checked_add(desired.saturating_sub(current))
        .filter(|total| *total <= max)
}

impl ResourceLimiter for Meter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = grown(self.memory_bytes, current, desired, self.memory_bytes_max);
        self.memory_bytes = total.unwrap_or(self.memory_bytes);
        self.refused |= total.is_none();
        Ok(total.is_some())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = grown(
            self.table_elements,
            current,
            desired,
            self.table_elements_max,
        );
        self.table_elements = total.unwrap_or(self.table_elements);
        self.refused |= total.is_none();
        Ok(total.is_some())
    }

    fn instances(&self) -> usize {
        self.instances_max
    }

    fn tables(&self) -> usize {
        self.tables_max
    }

    fn memories(&self) -> usize {
        self.memories_max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_are_bounded_together_and_a_refusal_does_not_end_smaller_growth() {
        let mut meter = Meter::new(300, &Limits::default());
        let mut grow = |current, desired| meter.memory_growing(current, desired, None).ok();
        assert_eq!(grow(0, 100), Some(true));
        assert_eq!(grow(0, 150), Some(true));
        assert_eq!(grow(100, 200), Some(false));
        assert_eq!(grow(150, 200), Some(true));
        assert_eq!(grow(200, usize::MAX), Some(false));
        assert!(meter.refused);
    }
}
