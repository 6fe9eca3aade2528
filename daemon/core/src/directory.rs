//! Directory sync: ours and theirs → plan, or a refusal.
