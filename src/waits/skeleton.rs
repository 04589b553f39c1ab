include!(concat!(env!("OUT_DIR"), "/waits.skel.rs"));
