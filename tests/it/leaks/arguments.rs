//! Tokens in arguments.

use serde_json::json;

use super::{Canaries, call, calls, nor_anywhere_else, nothing_came_out, offered, sent_only_where_it_may, server};
use crate::support::mirror::Mirror;

#[tokio::test(flavor = "multi_thread")]
async fn no_argument_of_any_operation_brings_a_token_out() {
    let (mirror, canaries) = (Mirror::new().await, Canaries::new());
    let mut server = server(&mirror, &canaries).await;
    let (operations, mut arguments) = offered(&mut server).await;
    // What is no argument, too, also as a name.
    arguments.extend(["unknown".to_owned(), canaries.token.clone()]);
    let all = format!("a {} b", canaries.forms().join(" "));
    let mut rows = 0;
    for (operation, base) in calls(&operations) {
        for argument in &arguments {
            let what = format!("`{}` of `{operation}`", if *argument == canaries.token { "a token" } else { argument });
            for text in [&canaries.token, &canaries.value, &all] {
                let key = json!({text.as_str(): "x"});
                for value in [json!(text), json!([text]), json!({"KEY": text}), key, json!([{"source": text}])] {
                    let mut args = base.clone();
                    args.insert(argument.clone(), value);
                    let answer = call(&mut server, &operation, &args).await;
                    rows += 1;
                    nothing_came_out(&mut server, &canaries, &what);
                    sent_only_where_it_may(&mirror, &canaries, &what);
                    // It is none of this operation's, whatever its form.
                    if answer.text.contains("is no argument here") {
                        break;
                    }
                }
            }
        }
        call(&mut server, &format!("{operation} {}", canaries.token), &base).await;
        nothing_came_out(&mut server, &canaries, "an operation's name");
    }
    assert!(rows > 2000, "{rows} calls");
    println!("{rows} calls with a token in an argument");
    nor_anywhere_else(server, &canaries).await;
}
