"""The real models that golden tests run on: a file, inputs, and the outputs that another implementation gave.

`light` fills the published networks of the onnx package with random weights; `exported` writes networks defined here in
torch (`vision`, `text`) with both of its exporters. `store` keeps what they build on disk; nothing of it is committed.
"""
