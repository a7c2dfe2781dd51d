//! The command line of the staff.
