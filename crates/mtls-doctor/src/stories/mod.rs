//! The causes that fill public threads, each with what is seen, why, and what mends it.
