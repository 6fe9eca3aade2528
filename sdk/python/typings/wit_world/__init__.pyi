"""The interface `provost:plugin@1.0.0` as Python sees it; `sdk/wit/provost.wit` says it in full."""
