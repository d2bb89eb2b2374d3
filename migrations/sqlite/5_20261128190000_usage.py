"""What else an answer reports of its usage, where its price comes from, and what has no price.

A row of the release before says nothing of it: NULL, or none.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

_COUNTERS = ("usage_minute", "usage_hour")
_SUMS = ("unpriced_requests", "charged_at_hold_requests")
_LOGGED = {
    "cache_write_tokens": "BIGINT",
    "cache_write_1h_tokens": "BIGINT",
    "audio_input_tokens": "BIGINT",
    "audio_output_tokens": "BIGINT",
    "image_input_tokens": "BIGINT",
    "image_output_tokens": "BIGINT",
    "web_searches": "BIGINT",
    "audio_seconds": "BIGINT",
    "service_tier": "VARCHAR(32)",
    "answer_model": "VARCHAR(200)",
    "cost_source": "VARCHAR(64)",
    "upstream_code": "VARCHAR(64)",
}


async def upgrade(db: BaseDBAsyncClient) -> str:
    statements = [
        f'ALTER TABLE "{table}" ADD COLUMN "{name}" BIGINT NOT NULL DEFAULT 0;'
        for table in _COUNTERS
        for name in _SUMS
    ]
    statements += [
        f'ALTER TABLE "request_log" ADD COLUMN "{name}" {kind};' for name, kind in _LOGGED.items()
    ]
    return "\n".join(statements)


async def downgrade(db: BaseDBAsyncClient) -> str:
    statements = [
        f'ALTER TABLE "{table}" DROP COLUMN "{name}";' for table in _COUNTERS for name in _SUMS
    ]
    statements += [f'ALTER TABLE "request_log" DROP COLUMN "{name}";' for name in _LOGGED]
    return "\n".join(statements)


MODELS_STATE = (
    "eJztXWtv4zYW/SuEv3QWSIOJ4zw6u1ggmcm0aSdJkWR2i+0sFNpibG5k0hWpeIJ2/vuSlG"
    "TrbUvyQ1YuUEwTipdSzqV4X+TRnx3xh0Ml2f/V5f8jA9l5h/7sMDwm6ofkpT3UwZPJ/IJu"
    "kLjvmL6TSKe+kC42Yz1iRxDVZBMxcOlEUs505w/EIZKyIeKMoCdCJgLJEUEun+4hwdXPWK"
    "IRFZK7L0hI/CKQS7Ctb7WHMLMRcbEgAlEplPSL2Nd3tflA3VYNuq4beIz+4RFL8iFRY7nq"
    "Nr//VzVTZpOvRIS/Tp6sR0ocOwYktfUApt2SLxPT9vnz5YePpqd++L414I43ZvPekxc54m"
    "zW3fOova9l9LUhYeoJJbEjEDPPcQJlhE3+E6sG6Xpk9qj2vMEmj9hztKI6/3j02EDrB425"
    "TRyxT22xz8jUovY/gyeM9Las65t76+7i3rI6KfXqJ0koJGgacKanBmVS4/XnN3/cOS6mta"
    "Nv8P6ns9s3h8d/M0hwIYeuuWhQ63wzglhiX9RgPwfb/D8F9/sRdrPhDvsnAFcPWgXqsGGO"
    "9fwdCOELAVoDpJ0x/mo5hA3lSP3affu2AON/nd0amFUvgzNXL63/Ml8Hl7r+NY33HF+HPh"
    "OrLMgxoUpIB1O2xJzebZjVgvpMbeKWQTkq08LpfNxbAubjXi7K+lIc5L5a5i3PdcqAHJVZ"
    "yUxuFMbdt73TpSZz77RgNuuLcaSpsJRLoFaBNNTnnDsEsxxjGJVLwN1Xguua1OFqslmzd3"
    "5z80mPPBbKxTINl/cJlD9fnV/cvjkw4Ad+mGq+vL5PAO4S9ccKKawJca0xZZ7MgP6SyWzY"
    "c6QTClB/0Q7O96F+iO+7B72T3unhce9UdTHPOWs5KdBQGmj9+kywix2HOFaIWwmoc+UB7D"
    "TYCiU+JbblO6lplH++u7nOhjktmcDXpgOJ/kKOCgt2D+cCEDUksTUlXKjfXJ39llzD33+6"
    "OU/63HqA8xw9cJcOKaukiIgoaKK6Jjw2JpK4JCPEzPdhYkKb8xR93a8rnIw7Mst4MfkuTM"
    "p/GbhEg2Fhmcb5g7oi6ZhkYx2XTE71QHQ//GEHnfQCoO8vry7u7s+ufo1N+w9n9xf6Ste0"
    "viRa3xwntDIbBP378v4npH9F/7m5vki+HbN+9//p6GfCnuQW41ML21FMwuawKf42TeyKao"
    "5LgpobrWZb5wcrqTkuuQI174752gkt6xzs41MkMagb+njwNMWubcWuzKeDzvFmxKWB1Mdf"
    "bomDDZAZ1tLPkX+eKBAJHv9CXnb31Z63BvMy9s5I/kSyPL0yMN3rMdoEkJ5dvMvz5lv60r"
    "g7TrZghofmT9L31nfKmFMZZZnElMsvzXhBR+sp6LmwPqOGRGOlHZdiBzkEPxNdP6FCF1CQ"
    "TQbuy0SpDnHmvCAFBkcYDV3MpF88YeSZuEE7U/+JKXHTJZo13WNxleb3aK2K2p3/QtmmCW"
    "UbhQIplYedCWwwftlM6LKWesIoyB8tC2/Yv4V1hIPjJeA9SHouc3T1pUR0SCdqsZHkawbE"
    "96o1JzKMSbUC6CL38eK3++Lsx8x7/HRz/WPYPZkSiQNPmDEU6im1dbOyVuz8KZ4pvC41bK"
    "88ufrpPiV0OMqY6rk57rlApaR2pVl+sC5wV5zShsrYhitjfe4xNTwvs1REZdpX9D1cyuE4"
    "LHA4DtMOB2RMK1nJXUiyJPap6GAq0/TmB0txqVUGTc1V7YLgKJW5SmGcBvgjd5VlZSqWNj"
    "BfqkfBbJC5ySq1l3M3gU2lYFSzi6ez6D0xsxQCfsbWKODs7v3Zh4vOt/yc4DrzOX7yKyOT"
    "M8uK5edw5KzLwuTNpRRIELWGqv9j12x6FYg/6g2w1EV8yvZQnwywJwjC6qI0KTs0pXKE+D"
    "NxHTxBIyyQnHKEpepiFttU+mZtd4EEzo4mcJq/7xbSNzuaVVh3PEu+Tqia6BVc1bgklAOb"
    "7Km65FlZ0SoBSVwStNxkLeulIn8X5jkdFm7EbOn+yx+63cPDk+7bw+PTo97JydHp21nWKn"
    "2pKH11fvmjTqjEtJvOsPzhKYfPIhM+GJVIEiakNpcpfLte8FeWKfQB0ucPyk3suFxrcN3w"
    "pIYN9bChvn1gw4b6ZmzjDtEkzJ5w8xAVVBETBm3U1wadVNJDIAYaqK6BYN1W4HpZiY8idy"
    "clCh5PNY/HwQpFT1QKmZOyEDQ3OWiGWu2rUDPUaqFW255abaSO6hciM9yEsmcT7sxILYJ8"
    "rScUopDl1bXniC6oblti3nNhkft+RJBNh8rN00VnHJSi99HDvCDzgKguUasOzJA/ccc2dF"
    "Cmf2ZFOl3lXt9tlilz+0V/KG83orztT4MyJdi5xGqKsA1iPFo9Ew+UYF+DAwpxxqtQs2/P"
    "y5mnqAzEGMUxxmw3YM0Io23HcZPxRXRONWkn6Geh2q/8ImDWyd7I5UK/2dMdI9XE5fxmnZ"
    "pDvVM04p6bwZ2a3SXDX/290/cGT77HHo/kYu9yhJPQ+ID6h7BQ4Tu3WXs7A+ngDqrX77FR"
    "w/ZSvnFR0jhz4cnIFAfTrLl+2gYzxfnO8nxilLHxkekE9r3J9h3yiCsLOMFpWhugwKC7gb"
    "h9ZtKXRXgm0EJ417Lzf+YrlQA5KgM4L4dztU3DtfeXwT6DDnFd7pbEfS4DqFdDfeBQwqRV"
    "BfyUKOigmg5m1FxVtJAhDHqopgfKBnw8MdmhUiqIywH6Fd8C9qQiTWb56axqdjh/DNBKVa"
    "1MXDogdmWFZIhvURdvdw3/gfLuh6biZY24U1UNRaOANpbXxsRVC720cklQC1SQEoUVqeIb"
    "4dtazddWRQ+Z4qCLirrAgxGxq+khKQo6qHoiEQvO1HNVUkOWNGii6sokpMUw46WXpKhci8"
    "4nbhj//oskwqIZeyKK0I9Kwcyvgzz3Sp7RiokB9tWwl/Kxb70tB/xcBlCvgfpBBdQPAPWa"
    "qHcroN4F1GuiflgB9UNAvSbqvQqo9wD1mqgfVUD9CFCvifpxBdSPAfWaqJ9UQP0EUK+J+m"
    "kF1E8B9Zqo/1AB9R8A9bpRUpXg9ACi09q4VwpPIT6tjXuVAPUAItTauFcJUQ8gRq2Ne5Ug"
    "9QCi1Bq4aw6JEcF22bxvXA7Qr4l+SQMblwP0a6Jf0szG5QD9muiXNLZxOUC/JvolTW5cDt"
    "CviX7J/HBcDtCviX7JPHFcDtCviX7JfHFcDtCviX7JvHFcDtCviX7J/HFcDtCvG21VDXYh"
    "l7wa/CuHuxDvrgT/qgEv5JZXg3/VkBdyzKvBv2rQC7nmsvinWAe3yJD3E/fcTh4/nrm4t5"
    "gdbxT2W8iNd6FmjZopSg9pUrzENWDDAzY8YMOroRhgwwM2PGDDAza8DUMJbHi7ztIGbHjA"
    "hte+qAvY8LaNOrDhbV8HwIbXDD0AGx6w4YFWgA2vSfgDG16TtAFseNvXAbDhNUgXwIa3dR"
    "0AG15TNAFseNvFH9jwtos8sOFtA3tgw9sa6sCGB2x4rwV1YMMDNrzXgjqw4QEb3mtBHdjw"
    "gA3vtaAObHjAhveKcAc2PGDDe024AxsesOG9DtyBDa8R6AMb3jbRBza8baIPbHjbRB/Y8L"
    "aJPrDhbRN9YMPbJvrAhrdN9IENb5voAxveNtEHNjxgw3vV+AMb3nbxBza87eIPbHibwr8h"
    "bHi3/jHFT3zYyaDDi1zdK+LDCw47Wk7QcSEh3hlyiD0kLiJMui97CAuEkcun++hSCkRtRA"
    "WSI4KCgb8zbZipdoa4aytB/ogMU1knodcVDv2FfWGGnQ89UkcGF5SkQ4VEIz0uQ2aSqlYs"
    "1f1soQfRXai9hwT32zGaKOwRI1N1u+8fqaukqfjCXPXizG76d/2QmKl+wd31Y0aaqBr7zY"
    "P6d98MYFF90vThb3mUgQvY/tS/Kaa/sG3GGxQ2CImlJ6It3JMD7pPD6aZS3ID5HFurZ9da"
    "TBDY+cejxwZ6ViJzJ/1P75+dNa0udei28jkAcWn+Pwzcf8D91x7VAvcfcP9tFcp1c/8BM9"
    "1mmOnGyn/iGWtDAcniTKKFGB8cLwHxQdJGzhHWl4DEcrNTeO6sxyG+G2PHyY3j51KbC+HX"
    "ibMfxR92T45ncbv+pShSv7s6+/QpIzUyD3WWnbMRkTbO2mWsWzffunVT1s0wiZUBeCbQQn"
    "hPl0D3NBfc0yS2W2dTAtaMdw3iUwJtvGsAoxJo4V1jOJVAF++AVWnb+O8Sq1JLwd8VYqXW"
    "wW+OKmVFrAvPN9UIWGHV0QUfTyGkncqy6CcEYfLX33hRVgUJQVBBvWjAmrpUkuohQUoeVq"
    "VV6ONgVFslsSFAK1W1gj2bcuVrTrxqyaRsedBHPX0o77OeQlIDgEaqaoSO9fcwqr8h2fKg"
    "j3r6qPGG5AwAGqmqkSnpW4JgVxnnkqpISoIO6tkNQdTD2JUsRkQUtFBVC4K4z3Sg4gVabu"
    "NUUq5S/bNpGoiVPw+7S9Q/D7u5BVB9KTHjmZgS1yq98yQp1z6s17L/xJQEBPfcQamSfkKs"
    "fWCvflPg7KuEAzVFy2CdEgS0s9FuyBGdM2V45cUzYbKTcUQncnWv6IiONt/SIrOOC4/o3D"
    "B90oWR8NSLBttJH7fJ77bMsRT1BNzMtvBoCTaHMaItUn9XLXpwpR3HTYxhEfv6RA8jU/Xn"
    "wakTOHWy/VMnsxdyaT8pFGjhZry1eEjzFa4ExIFECzFevWMUGAwDUgmUE2IthHr1wVXMNp"
    "cEOtP+tsD3XE9YNdIHgTMyNj/f3VznhFRzkaTNpQOJ/jLHmNc1pyOOTt+jjqRM7OvbbsPJ"
    "0RDFzG+I9Jurs9+SSnj/6eY8aVf1AOfJ9PKkzJT3e7dvrq9+8Q6ZBMotKXEpwHkxznCuZS"
    "2H3ZqSMrDHlH0WJuhOZwxmF/cKEwa6m+WF/RbmC+7U3Ohz+wVNRxyN8QsSdKj5MdIpg8Ke"
    "i7MGEP83If7XE8P8XGIFicqsZglZDPnmFpCjZfw+1St/CTlK+X0TLMSUq+VghMWoDNQpwR"
    "Yu2d2jo2U87aOjfE9bX0s4INwpNafD/pvD11+Z17VarPsIOBWWzmc8Z4B8zhWWmOUs11G5"
    "BNh9JbgutMMFZbML8/nNzadYzHJ+magqX3++Or9Q2BvoA/P9LnNDpUs0JFb5hG1cEhK3jU"
    "7cOtjnX1M+W3lNp4RXoOyGBVRt0vXMuPs5nirvds4Q8JI3TvElQsroDiMhFE5ZW7wCyY+/"
    "3BIH5xUWIpHinT/U7mp+3hqsSt/WHnqHmOVF3xFMFwXgItJ1CVpNHUoT+3vKUN/lUxVv7a"
    "P7EUEDzp8o+U4gQZRV1/yTSEjuElvTY1IpkE2HREjEmfOSRam5qmGX2RNgUg5Q5W9ElO/r"
    "r0w8NJdoXYS/+iws+OatNdsp31wQUtk1j8iCqhutavJ1QtVwFRQdl9yMmje5lrZJy1D9Xd"
    "OeZuX6WcqvLkd1GpfaYCJ2MznY3lIbSnoFG0p66Q0lBrNyrnREBGiQs2q9cXTT0H5UkZGK"
    "o34hLwbgS/UcmGUfeMio1O4mrqngWzW7eDqL66KzSgGgoiXiJ7Lfn929P/tw0fm2nQr6lb"
    "kwVmvKvT762cmI5JNd9oqC+fGss3+WdLl4/pY8q862ip+JQNgl6IlM5J75WsUTIRO94Z66"
    "SD/XO2Q2+OsPXagYfELwk/lqhEwH8ysaE+r0zVmJ9goi+LI1+vbW55cyowcFZvQgbUYhP7"
    "JWf3BUkvQ+7N/CzQ6rr8SLAS+3Q34mAPAuAS/k9qpYup1LBZj8nHJiqyg6KQtV9yZr2vUd"
    "5wp6jkuClpum5Ybs2v6Zey7Dzq9cUJlTPU522SuKOf/nd7Ym0d4LY84r/kzs8DuGQt1eH+"
    "lmwj+EqOu60hR+PSaJK8IvHPaxHIyQglm18HTMuYIx9ccYb3UgqkNWRp6Ji1wy1uPqLy2q"
    "EZV3jgwpL3rkLiJYyQqJXaljVoym3H0iropo9bccidl1rg8zIK055HA2/MLwo/7Go4p3p+"
    "qB9Az3xsT/MqSflVA3mlKpnkhJD0b6yLt5UN2bPz6qCBoJhidixNUtXfP8gydvoq59YQ9q"
    "ap9ZHy5vH/xAW4/DPWlK5Cq6NjflnmOjfgiDuvFQvV/o0eVj061PhpRpxvN9dM2R/qDkGD"
    "8R8YWZh6BjpWRBleL9GzAu1RMOkQpdSYi7+cMFfhFoqkVikGNHf43yBY24Y9cN78NpV+4I"
    "T1wKYqOc2Cg/0I++5YktP0Vf+YhIAYts1k7cpRidvIld0dmPS4KzD85BtnPwo6/1HL8gcr"
    "XQJRjG+y1FAjP7drLDla0UxKXYoYKERns81uZJGdmxJ83IYv7pY+aN+9q89Ikxts/UmCgU"
    "nF5I0sis40ZfmPm88jpS1sWfVMu0YxWX1O3asbofU8s3Wc/Y8bLOgRTYq5kIfGt+eUvVkC"
    "XsvdlqnrV8BVeWXLqCPevLrWD/HlEVCQSfRdaOuSm/+UuKGcZ36uejowdqPxivHveVj54O"
    "ZlYy4orXokIi25atRBtx7fIXrSf1x5cJbML+kDRfImleQChT8IHuAkKZ17k1JcY3BURtEI"
    "qs1I7rHSSD3FAkcrXQnrvxfkuFIkHCTccBOsmnTa6JFcy2FOEHEA9YPuiDKNORMspUooFO"
    "N6oZwLXIgGQzWK5q4BpmXXh97VCUXPviUlvbJWPupP/p7dj2GLDma7TmYHrA9KzW9PxEsC"
    "v7BGdSIc8vFhqeUazbEmcq/drRd2IP9V+MOdD3zTolmd+xhl3wBy2zRs0loIxSuowCaxas"
    "Watds86ISwejrAUruFK4WuF5n0VLVb5iV5xtqp1qChaQ5i46fqape9A76Z0eHvdmCaZZS1"
    "FeaYnEN3HDQ/3LLuoRkRb6nmuh8tIvVQmEg+4tRHctW9/VHWXmQb0CSuK5yOYpibdjKFdG"
    "PrxVY/bt/91+pSM="
)
