//! Tests of the whole, beside the tests that stand at the end of each file.

mod tidy;
