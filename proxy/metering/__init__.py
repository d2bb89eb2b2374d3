"""What a request may cost at most, before it is sent: what a budget holds for it.

    asks      what a body asks for, as far as its cost depends on it, and its plain values
    caching   whether a part of the prompt is written to a cache
    content   messages, parts and tools: whether the prompt may have more tokens than the body bytes
    members   which member of a body says what, for each dialect
    bound     tokens and nano-dollars at most, of what is asked, a model's sizes and its prices
    typical   what a token's requests on a model mostly used
    metering  all of it together, for the handler

The bound is one prompt token for each byte of the body, since no tokenizer makes more of it, and
the model's whole context where the prompt may have what the body only names: files, pictures,
stored texts, what a hosted tool finds. Whatever is not known to be harmless counts as that. Each
token is taken at the dearest rate that the request can cause. Nothing here refuses anything: where
no bound can be given, it says why.
"""
