fn main() {
    println!("dualq-top");
}
