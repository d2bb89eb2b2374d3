"""Events, for the page and for destinations, and what may be told once only.

The index of tokens by their end finds those that end soon without a walk along all others.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
CREATE TABLE "event" (
    "id" UUID NOT NULL PRIMARY KEY,
    "at" TIMESTAMPTZ NOT NULL,
    "kind" VARCHAR(24) NOT NULL,
    "project_id" UUID,
    "token_id" UUID,
    "key_id" UUID,
    "data" JSONB NOT NULL
);
CREATE INDEX "idx_event_kind" ON "event" ("kind", "id");
CREATE TABLE "event_once" (
    "once" VARCHAR(320) NOT NULL PRIMARY KEY,
    "until" TIMESTAMPTZ
);
CREATE INDEX "idx_event_once_until" ON "event_once" ("until");
CREATE INDEX "idx_token_expires" ON "token" ("expires_at", "id") WHERE "expires_at" IS NOT NULL;
"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
DROP INDEX "idx_token_expires";
DROP TABLE "event_once";
DROP TABLE "event";
"""


MODELS_STATE = (
    "eJztXWtz2ziy/SsofZlslccVy3bizWxtlZ14djx5eCp27s7dyRYNiZCENQVoCdKK7m7++wXAh/iU"
    "CFIPiu6qqYxNokH6NAh0N7oP/tObceGNXSKOf3P5v8jQ671B/+kxPCXyh/zNI9TDs1nylrrk4YET"
    "tE80GwjPxbq/EXYEkZdsIoYunXmUM9X4HXGIR9kYcUbQIyEzgbwJQS6fHyHB5c/YQxMqPO4ukPDw"
    "QiCXYFs96ghhZiPiYkEEop6Q0gtxrJ5q86F8rOx0Ww/wGf23TyyPj4nsy5WP+eOf8jJlNvkmwQh/"
    "nT1aI0ocOwUmtVUH+rrlLWb62pcvN+9+1i3Vyw+sIXf8KVu2ni28CWdxc9+n9rGSUffGhMk39Iid"
    "gJj5jhMqI7oUvLG84Lk+iV/VXl6wyQj7jlJU7y8jnw2VftCU28QRx9QWx4zMLWr/NXzDRGvL+nR7"
    "b91d31tWL6de9SYZhYSXhpypoUGZp/D6z/eg3yUu+mpPPeDtL5efX5y++pNGIhpvIWq971oQezgQ"
    "1dgvwdb/z8H9doLdYrij9hnA5YvWgTq6sMR6+Q1E8EUAbQHS3hR/sxzCxt5E/tp/+XIFxv9z+VnD"
    "LFtpnLn8aIOP+VN4qx/cU3gv8XXoE7FMQU4J1UI6HLIGY/qwYZYT6hO1iWuCclKmg8P51VkFmF+d"
    "laKsbqVBHshp3vJdxwTkpMxGRnKrMO6/PLuoNJjPLlaMZnUzjTQVljQJ5CyQh/qKc4dgVrIYJuUy"
    "cA+k4LYGdTSb7HbZu7q9/aB6ngrxb0dfuLnPoPzl49X15xcnGnzZiHr68s2n+wzgLpF/rPCENSOu"
    "NaXM9wqgv2FeMewl0hkFyL/oAMf7WL3Ej/2Ts9dnF6evzi5kE/2e8ZXXKzSUB1p9PjPsYschjhXh"
    "ZgB1qTyAnQdbosTnxLYCIzWP8q93t5+KYc5LZvC16dBD/0WOdAsOD+cVICpIUnNKNFG/+Hj5e3YO"
    "f/vh9iprc6sOrkr0wF06pqyWIhKioIn6mng6sWYuGdFvJjZMSqiLRswWDPIRpg5/KjLIy8d6UgYG"
    "ef1BTgV3sH5Jg0GeEtqdO9RjnJF8yCS+uokBXsVEL7fPc8Z5Inhn4GpGIjB/VIub8KHxEE7KAMyV"
    "YPbZlHjEJQUh13KcU0I7nCq0LbSt8OpWp4yBb49JkZ9TvhgmRGAtrL8WzrhDh5QYQZ+UAezrYz90"
    "icLGwgVr5Tt5x6NTUqyBtGRWB6HocfTDAYZqV6ji/ubj9d395cffUvp4d3l/re709dVF5uqLVxkd"
    "xZ2gv9/c/4LUr+gft5+us2qL293/o6feCfsetxifW9hOYhJdji6l15CZXVPNaUlQc6vVbKtd4lpq"
    "TktuQM2HM68ehJbVTvzoMbE9rC4M8PBxjl3bSt1ZDge101+wOxFK/fz+Myl1J+NsiS8zCSPB0/dk"
    "cbgf9/JqODJTX43HH0lRxM8MqHvVS5cgUiOM93nZmMvfmvan2SuY4bH+k9Szvx+VjKvCNJ3MwFuV"
    "quOHTa3HsO3afB3ZKZpKHbkUO8gh+ImofBoqVEINssnQXcykAhFnzgJJSDjCaOxi5gXJNIw8ETe8"
    "zuR/Yk7cfMrOlp6xPmvnj2Qsg9q9f0IaTxvSeCQKxGhfPhbYof++G9d9K3GSSbifWBXeqH0H80pO"
    "XlWA9yRrwyzRVbcyfiKdycnGI98KIL6XV0t8xJRUJ4BeZUhe/36/2kGP7cgPt5/+FjXPeu1p4AnT"
    "C4V8S7W6WUUzdvkQLxTelhr2l662+eE+J3Q8KRjqpTkPS4FaSQ61RvnJtsDdcIpD7UwpZvkC0qQM"
    "06RitK0BGXEX0tN2hPuA+0x2z03m56RM93bDTitZeacrrLzToixiyl3qLQzm5qTI7mbnl1mMX7Zn"
    "RoYs4V1lCUMyUxHWXakuaDXMmy8uwL7s2ADfqH33sD3pV5ktZKtyn6Ofmyt0gMua4lke4/KN8JQQ"
    "7ITDTjhsnq3cIg1D44WBlPLQd1pqkyHw9qp2Tag7tyNZIfvyZ+mP0jF7TxYa5hv5KpgNi1zNomrt"
    "w4Q2t7EmL7t4Hu/GZMaWxCDYi9cquLx7e/nuuve9fLd3N7t0webmyn26eP+z0k6dF7deu1f3d1Xb"
    "jlXZOppjgci34QQz+b5oxN0j5DOPOoh6iDC7oG7eVLhBTXxZeLZ8VimNye5uU00/Sf1zdmC7aYL7"
    "7tCoYnsp0YmNiG0b+7DjAzs+bVLDtrd8RsQbTmrZ/2lJsP9bbf+TbzMqu6uh5rTkbtS8yz3VQ9ey"
    "QYrkdo3mFcZyJSPZwDa+8QQSZOgS+X/saj4ogfhIcUNRF/E5O0IDMsS+INIIdrmnsxjRnHoTpKo4"
    "HTxDE2kWe3OOtJ2sh3DOiN7aUyCX7UBz2dpPSQWZbGDnFdp5LTIADififhAGQJos6EmuonWs+bQk"
    "aLnNWlZTRTlB0RUdr+Qo6ig10Z/7/dPT1/2Xp68uzs9evz6/eBmni+Rvrcobubr5m0odSWk3n0vy"
    "b18afBaZ8WHB3nAp/hmpPabltDRpMgBIJd2YDey0XGdw3fGgBq65HQ1z4JoDrrm947wvrjnC7BnX"
    "L1FDFSlh0EZzbdBZLT2EYqCB+hoA6h2g3nl+2IfWikTWLwr3rTLyc6Jg59ez8x0sUfRFrUBRVhZC"
    "RW0OFUF677NQM6T3Qnpvl9J7EwmPwQZ8gaFgTlN0p/vqEOhbJitKglae17FEdW12hyWWbdcmedxP"
    "CLLpWBp8KukCh6kYx+hhuSH5gKhK0ZANmD4XjDu2PilMty/MyMhneWzvMVXSPIKkF0jvaEV6RzAM"
    "8oCXpyAsJTaThNCiw7A2n1oNKQjPwRQFj+NZqDlYz82Wp6QMeBurvY04G7axr9E1hs6sp5EcVS0r"
    "IxTyzsdgI7y4iDDRYI397KumiV31avazCtahsws04b5bUCZY3KTAbv2jN/CHj4HlnvbsUt90glhC"
    "24Lqh2jDLjByi3KcQ+nwCbLVH6leo+tGNvKqMHLhBFQQOw4HW3vttR3GjsuN5uXAMFnrE8MJ1vk2"
    "r/MQWdyY4wnG09YAhUOWd+C/x0t6VYRjgQ7Cu5UKmNhWMgA5KQM4V8O5XvJ84zxLyDzoEdflriHu"
    "SxlAvR7qQ4cS5ll1wM+Jgg7q6SDmAKqjhQJh0EM9PVA25NOZjhEZqSAtB+jX/ArYo/Q0FcO5CmfV"
    "W4fL+wCt1NXKzKVDYtdWSIH4QVNO73p9ltb9WO98WRPu1FXDql5AG9W1MXPlRO9ZpeejrVBBThRm"
    "pJpfRLDWKkKvOnooFAdd1NQF1jxftfSQFQUd1K3MxYIz+V611FAkDZqoOzMJz2KYceMpKSnXoTrd"
    "HeM/WHhEWLQgN2IV+kkpGPlNkOe+YdVWSgywr4e9540G1ksz4JcygHoD1E9qoH4CqDdEvV8D9T6g"
    "3hD10xqonwLqDVE/q4H6GaDeEPXzGqifA+oNUX9VA/VXgHpD1F/XQP01oN4Q9YsaqF8A6g1R/3MN"
    "1P8MqDf1kuo4pyfgnTbGvZZ7Cv5pY9zrOKgn4KE2xr2Oi3oCPmpj3Os4qSfgpTbAXXFJTAi2TeO+"
    "aTlAvyH6hgtsWg7Qb4i+4TKblgP0G6JvuNim5QD9hugbLrlpOUC/IfqG8eG0HKDfEH3DOHFaDtBv"
    "iL5hvDgtB+g3RN8wbpyWA/Qbom8YP07LAfpNva26zi7EkjeDf213F/zdjeBf1+GF2PJm8K/r8kKM"
    "eTP413V6IdZsin+OfXCvPHm/cN/tlbPk6dtHVTjyJlHLtQx513LsyPEitZGnxsvcA0484MQDTrwG"
    "igFOPODEA0484MTbMZTAiXfoXG3AiQeceN3zvYATb9+oAyfe/nUAnHjt0ANw4gEnHmgFOPHahD9w"
    "4rVJG8CJt38dACdei3QBnHh71wFw4rVFE8CJt1/8gRNvv8gDJ94+sAdOvL2hDpx4wIn3XFAHTjzg"
    "xHsuqAMnHnDiPRfUgRMPOPGeC+rAiQeceM8Id+DEA06854Q7cOIBJ97zwB048VqBPnDi7RN94MTb"
    "J/rAibdP9IETb5/oAyfePtEHTrx9og+cePtEHzjx9ok+cOLtE33gxANOvGeNP3Di7Rd/4MTbL/7A"
    "ibcr/FvDifc5KFT8wMe9QlK8xP2j1ax4Ycmj5YRN19LiXSKH2GPiIsI8d3GEsEAYuXx+jG48gaiN"
    "qEDehKCw4x/0NczkdYa4a0tBPkKar6yX0e4Gu/7KvjLN0YdG1PHCG1LSocJDE9UvQ3qoyqvYk8+z"
    "hepENaH2ERI8uI7RTGoAMTKXj/txRF0pTcVX5srPJ37oT+olMZPtwqer10xcorLvFw/y32PdgUVV"
    "venDn8qIA9dw/sl/c3x/0bWYPSi6IDzs+SJ5hfvekAcUceqSEUNgOdPW5jm21tME9v4y8tlQjUqk"
    "n6T+Oftrb0tzTBPSrXImQGzMAoiBARAYALujWmAABAbAvUK5bQZA4KfbDT/dVNpPvGBuWEG1GEt0"
    "EOOTVxUgPsmukUuE1S2gstztEF4a62mI76bYcUq9+aXU7hz5beIc+PKn/devYu9d/bLKX7/7ePnh"
    "Q0GAZOnqVB2zCZEujtoqq1u/fHXr51Y3zSdmAnAs0EF4Lyqge1EK7kUW271zKgF3xpsWsSqBNt60"
    "gFcJtPCmNcxKoIs3wK20b/wPiVupo+AfCr1S5+DXBUtFHuvaKqcGDivMOmrDx5cIKaPSFP2MIAz+"
    "5ukXpirICIIKmnkD1tylHqnvEuTkYVbahD5OJo1VkuoCtFJXK9i3KZe25syvF0wqlgd9NNOHtD6b"
    "KSTXAWikrkboVJ2KUf8LKZYHfTTTR4MvpKQD0EhdjczJwBIEu3JxNlRFVhJ00GzdEES+jF1rxUiI"
    "ghbqakEQ94kOpb9AzRKnsnK19j/bpoHU9udpv8L+52m/dANU3cqMeCbmxLWMM0+yct3Deiv5J3pL"
    "QHDfHRpt6WfEugf25pMC47MJh3KImmCdEwS016P9SBaGacNLiQZJwy1DeTM5w9jzyHRWdMzar3e3"
    "n8pKFpYy2cIFOvTQf3VVTqcQVWConuNihWh8vvh4+Xt26L79cHuVhV51cFV45J3R1BxLdG+eqDJN"
    "lM8SuUnCJSNfYMd4Rs7KdQ/ozUzIramcvJS+kHf9RJjXK6ycTNw/Wl05qbwqzyJx07WVk7dMFSAy"
    "EhUjKsidfBVkebMq1YLyDbgec1HFH9Y1cskrnpoVkvWE3agC1Pa+OFaFlozM5Z8HxYBQDLj/YsD4"
    "g6zsvkYCHcyR3orjupzhDCAOJTqI8eY9qHDB0CAZoJwR6yDUm495pdZmQ6AL198OWKDbiXZNFD+D"
    "kSObEGnkx9Ya0wlDZ+BTx6NMHKvH7sPI2Yp7S2cmQz5o3b2xvvnJOyJ4MZtS0lKA83qcodxwKzXI"
    "7Qkc2FPKvgjtdhfFDeLbR2vCBqqh5Uct1/MtMYSHQ+4zL+AkmuIFEnTMNF8R1xEC3aWmKhIFpErm"
    "8uvjDBAxaEPEQA0i/bPBnJOU2cyksx7y3U0551UsRdmqfNI5z1mKMyzEnMsJZILFxATqnGAHJ/n+"
    "+XkV2/z8vNw2V/cyJgt3zILwYfvd4RvM4tuaLbbN5UGFpSIgTwUgX3GJJWYl03VSLgP2QApuC+1o"
    "QtntxHx1e/sh5eVc3WTSgz59+Xh1LbHX0MtG1NOXCzLjXaIgscxDvGlJCPW2OtTr4IBIU9p35prO"
    "CW9A2S1zwbqk63hxD6JCdb7tki7gI2+d4g2c0GSqqBASp6Jc3VDy5/efiYNLtiLSnuVd0Nnh6n55"
    "NZyXvu/AXY9QK/fYE7iud9pFonEFnmTlZRP7R+laD1w+l37XMbqX3vaQ80dKfhBIELm6K0JhJDzu"
    "ElvxHVNPIJtKR9xDnDmLIo7kTXVbJZtAhykgP6AV3n6gPxO/aCnROU9/8/FbsNE7u3znbHRBSG0T"
    "PSELqm61qsm3GZXd1VB0WnI3at7lXNolLcO+8ZaKVKTpZ0nr2oy7Oi21w4DsbmKxZ5VSUc5WpKKc"
    "5VNRNGZmpnRCBHjti3aJ0+jmof1ZekbSj3pPFhrgG/kemBVWsBXv8B4msjknXF528Tz27JLjSkIg"
    "/SUShLTfXt69vXx33fu+r933j/rWVM4r96qev1fo0WcbHa126qdx84AkoJpf/5k8yca29KOJQNgl"
    "6JHMvCN9DNEjITO1oU5dpN7tDdIlAuoEI+mLzwh+1McBeXmnfkN9wr59e2akoxWevOmefXf36yst"
    "pycrltOT/HIKcZKt2oUTw9NMovYdTH7Y/M68GHKzHPtYAOCtAC/E+OqsdAcXEtBxOmnK1lF0VhZ2"
    "4dusaTcwnGvoOS0JWm6blluT9/0r912Gnd+4oF7pXnK20dFqz/NfQXNrlmy/1vP8yJ+IHR1TK+Qr"
    "qNJwJoJiRrXL6+ltYJ95xBXRAbYD7A0nSIItr/C857mBPtVZu5+VO6ocV0aeiItcMlX9qoN0ZY/S"
    "Rkeacx2NuIsIlrLCw66nPFeM5tx9JK70a9VRvUSnp6uiCKT0hxzOxl8ZHqkjfKXXO5cvpMa5PyXB"
    "wb9BhEI+aE49+UZSejhRpfP6RVVrPhpJPxoJhmdiwuUjXf3+w0d/Ju99ZQ9ygF9a724+PwTutuqH"
    "+57eMJc+tn4o9x0bDSIY5IPH8itDI5dPdbMBGVOmDrQ4Rp84UucFT/EjEV+Zfgk6lUoWVCo+eADj"
    "nnzDMZIOLIlw13+4wAuB5kokBTl21GHDCzThjt3UyY+GnVkpUFoKPKQSD6nc3U9+5ZlEoFWHOCWk"
    "gCS8KD+3EmGfP7NrmvxpSTD5wUQoMxH+Fui91DpI3F9jGIzTLStRyshl6hjdyIXI4XLFFMSl2KGC"
    "REv3dKoWKbnUTn1P9yyW59szfzpQi8yA6CX3ieqFCoWVDVlSmm086Cvjrk3cbYSvV5+bWbia1ZxY"
    "97uaNT0xs3zhesKOX1QjsmLVikV2t2S9PPj1qjUT2VudiF48iYX3Kk9gYVZ7tXns7xMqvYKZy/9F"
    "htpI1xtywcSiuwkM/GXv6IHaD9rCxwNpr+cdm430uOEZaSVnecfmo52YeeVT16P8402cnKg9hNEr"
    "hNFXkNSU7xmvIql5nkkraWJVU/cE3BJwS1av5iqrZLjCLUncX7Oqu+mWldySMASnfAIV9lMLr/Yb"
    "dLqKCJyJB+w9qEKV+UQuzdRDQxWAlOOAK5EhKebG3FTHDRZ34Q+UWWE4A6al9pY9o5+k/jk7sLQZ"
    "WNO3uKbDAgQL0KYXoF8Idr0BwSVUy8vba5afSaphhcrLYE/pB3GEBgu9KKhnF9VSljdssDoEnZrM"
    "VEsJ2F4x3l6BmQtmrk3PXO/J4rNKCS2ct6Kba2YtdYqIG7VbO2l9YR51AnsVIymqrFfGPYSFSgxX"
    "hi6Xtq/OfD5C4W+E2TMuda/E1N47D+5rUfnSdn7G29pTCqbLPxLnqMRnMUWdBUXl+wykhVNie6fR"
    "dsTR9nN4zgFNrAZBHuOTzJodYdY2EHfA6hxPLwYgJ2UA52o4+2odMTW7YiEoqG6b4ZXOqcXC7DiF"
    "pQR8P+XfT5uM2zsPeyX7vPHdCuatiBtWcMqlwA8Cqfx6RFyXu2HC5UQbjCpIqxiLfDGT8zGx38ib"
    "KDjIUzfDyFPkRQJTOwgAB+0HuMDI3e6jGgQG2mJMPY9wcazgGrl/WVmoD2jziqW+1xpKToiBftus"
    "3xGmjvwUlb4K2BRLIwFZsc6kpPVPzl6fXZy+OotDAfGVVRGAfHK0LnbTK6SJuZeW6h6XzlY8piVo"
    "dYsSk8IwX7VtvmqNdf8lPCP8Vicb9Apt/EybNZZ+fOo4XzavcmxJZD8vzWtV8CUtyrA/FBZVh9Vb"
    "8wlPxKGpF9rsKo1TRaofmaoxK2JP2e6jCiPbYV5p5gzVFHWqzjcNG0SZCIkq8n+qk1jLrqe7D52A"
    "chpWl88L/YpVYfKlDITKNxMqN6uq22Q1XbtWz/MquSmy1YoTQXLZKZD6s8UzJ+Vs80Rts4yFpEwH"
    "Qd48bU56Sq8a/0lLwYZaNhE9scZWzkNPyACg2Xm2JRHKToAJbEN1AD4Iby+l5oAWoo6aU5Lg07dN"
    "y+3x6YW8806OAVZ+nEmmzdEan161tuxU86rV5mgm/esJ94Ptsod3Et1Pdze3n6z31//78CbgMKEC"
    "jV3uz6SLPVggRqjeeQtqMJn0uXVmS3F9x0afoMhpHuI/U9eEPMgl6yEuHYkjBOEhqUcqOKCoWWzV"
    "VrV40DXND+XBgIE/fCT6E07huSyFThlxSfsjyO/Jxw7SEqlew4fpMEGyq8JGkFTXykjBcsCYrBZL"
    "KTAIWrdUpAloE59iVYc6JQQedQWPuoSdohziMm6KLsB70r+oUhHWvygvCVP3IGYBMYtDAxSyqre9"
    "d+0S+ZcW5l6s3GFKSHUm9WLH7HV6z98Q96UMoF6TM5CpHWBmBU5yvdFf3gdopa5WZi4dEru2QgrE"
    "QRf1dDGcKDYfFbm0FDFtTZWs6gU0U08z0vqezsIDjQzVkRMFHdT8OiSODtEkeHX0UCgOuqipCzyc"
    "qCTgOnrIioIO6ukgqA+T71VLDUXSoIm6M5PwLIYZN56SknK10G/Z3uQzZHe98u0x8S4d4pakBScb"
    "HK3ePxzophaO21YoABQTdUIEH2lWiaADdQKC+m0uR4HibdPnSChuN6S5JqJNOps49Im4CyVMnohU"
    "YVHV38b7L9ntUx2r20Gnlj7LQvp56pJ+hWbcFq09dfFgCwHbTRAEZer1dtmW32HVuO9Sos2B3979"
    "JJq9fhCqHOEorEwID4jRyQkq/SEoapYzlkqHyM+H9btZk959Xim9+3xFevd5NsBcMJNWt00KhNt8"
    "XkrvC6PfkJo/fkIvgyOQwrVKV7BMsGJkChesgmXOWLoVdmewLubUuvqIhlio1er8jbhDaTEoXShT"
    "Ak9VFlFeb+XNNn2eQ2Lh0w8x+5qWMq1G/VLnZi3QXJlx8icme5HuyY82l6/iipjwv8hQNBJtx+cz"
    "I6Z6jEXarEbw1sq9tVvfG/BvNx6Z9gqdtcT9Nb4a1y2reWkqAZPKPoPlRLlOsoFHWXBEhsqI5Eiu"
    "NvqoO+k9ETpmumTSo0RVTKrbQSZmcW7n5rpeT8PyRy/Rf6ZSE5IiW5cUmVdWVb84Lwk5MlA/WebA"
    "VMmTK8+Sy+XIqRnNcLwmRGCgAg39cwjWCPp/Be5fufEaNu+S7dqItKc1VulnMvIFdn7hvltsliYb"
    "rLFL3aCpNYna1ixA+nz985e7yw+6OOhIGpbOAulTqOX4JLY0G3+SZuRMcVzr46SjQ63DZBN5bVy1"
    "DmkzD1pTQ7SuWkgPMDu/yZCtGiorFILaoFabwVAb1OmFEEoqoKSi/YBCScW2Syr0Em4AcNS+g/hu"
    "vjIwNCyN88yWUpBfdoAR89D16K3ySyr6JNXdkXA/j5G5svGjMXSMbjyR4BAIfYAfwt12lZWkjr3X"
    "0rToaLLNda0YEO44GpE5UulR2kPREXgmL1LHk00ZIbZQdIl6oG7j5GtIanpeSU1tsXnAPzD7mFqW"
    "pHvw7kEn8QS+yB3YsHCS1W4csam0b7jR3uhSooMYb/5gaYglbHsIq1OYipJm12RXxlJd2mXbRNok"
    "xGa2uK4NFh4RFi3gxloVm0lKQWymXhJpgCH3DRNJU2KAfT3sbd8N8tNMixsygoD/AcYlr1VFYa8w"
    "KhncOlodkyRxo0oRSd08GSXMhgSDQKGKHQr5PsGx3k/LcxFJUfnCJjuukrobJSAaJ+y2NtKozVpx"
    "TG1xzIg6ewUCjhBw3H/AETKDl85ZFWO3X27s9tt26Ecno48Qze3EkR+dxFItnnkkf727/VRi3Yft"
    "s2skHXrov8ihYmvmfcIwGfjU8SgTx+qx+zBKFD6p5TKaUl98vPw9O9u+/XB7ldWE6uCqdRb/LRuS"
    "XrnVr29XsfwtHrVca/7fq319wVWEWuoCzVUGMnfsI3kteZQ5456+jvBY6ucnTYOiDXVtsSsDXv6r"
    "26EHn3nUeSiiF9jmoxqkH0RoVTVoovabMWj2m8GcOSiuSqxZtlpxVFwYay73CrTOTB2DWGgnR94A"
    "wcoBnnhzSVw6nBRPn+G9NXMnXrZaN2+Wq3fDaVDPpYai4QHl5dONXDlMD9ZIiHTRZ90GHY/6rAwQ"
    "Dpt3EN2TStu1Jyu2a0+KUr+ZV0jnUe4nJER27yrsZ7nshlPw/f8BsJySQA=="
)
