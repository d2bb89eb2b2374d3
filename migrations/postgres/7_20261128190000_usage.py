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
    "eJztXWtz2zbW/isYfWl2xvXEsuy4eXd2xk7c1m0cd2Ln3c42OzQkwhLWFKASoBVPN/99AZ"
    "CUeBcvulD0memkNogD0s8BcW7Aw796My7k2CXi8DeX/4eMZO8t+qvH8JSoH9IXD1APz2bR"
    "S7pJ4qHj9490GwrpYjPeA3YEUU02ESOXziTlTHd+TxwiKRsjzgh6JGQmkJwQ5PL5ARJc/Y"
    "wlmlAhufuMhMTPArkE2/pWBwgzGxEXCyIQlUJJP4tDfVebj9Rt1aCbuoHH6J8esSQfEzWW"
    "q27zx79VM2U2+arACH6dPVoPlDh2DExq6wFMuyWfZ6bt8+er9z+anvrhh9aIO96ULXvPnu"
    "WEs0V3z6P2oZbR18aEqSeUxI5AzDzHCZQRNvlPrBqk65HFo9rLBps8YM/Riur9/cFjI60f"
    "NOU2ccQhtcUhI3OL2v8InjDS27I+3txZt5d3ltVLqVc/SUIhQdOIMz01KJMar7+++eMucT"
    "GtPX2Ddz+ff3p1fPo3g0Q43wLUet+MIJbYFzXYL8E2/0/B/W6C3Wy4w/4JwNWD1oE6bFhi"
    "vXwHQvhCgDYAaW+Kv1oOYWM5Ub/2X78uwPj/zz8ZmFUvgzNXL63/Mn8MLvX9axrvJb4OfS"
    "JWVZBjQrWQDqZshTm93zCrBfWJ2sStgnJUpoPT+XRQAubTQS7K+lIc5KFa5i3PdaqAHJVZ"
    "y0xuFcb914OzUpN5cFYwm/XFONJUWMolUKtAGuoLzh2CWY4xjMol4B4qwU1N6nA12a7Zu7"
    "i5+aBHngrxp2Maru4SKH++vrj89OrIgK86UWmarz7eJQB3ifpjhRTWjLjWlDJPZkB/xWQ2"
    "7DnSCQWov2gP5/tYP8T3/aPBm8HZ8engTHUxz7loeVOgoTTQ+vWZYRc7DnGsELcKUOfKA9"
    "hpsBVKfE5sy3dS0yj/cnvzMRvmtGQCX5uOJPovclRYsH84F4CoIYmtKeFC/er6/PfkGv7u"
    "w81F0ufWA1zk6IG7dExZLUVEREET9TXhsSmRxCUZIWa+DxMT2p6n6Ot+U+Fk3JEp48Xkuz"
    "Ap/2XkEg2GhWUa5/fqiqRTko11XDI51QPRw/CHPXTSC4C+u7q+vL07v/4tNu3fn99d6it9"
    "0/qcaH11mtDKYhD0z6u7n5H+Ff3r5uNl8u1Y9Lv7V08/E/YktxifW9iOYhI2h03xt2lm11"
    "RzXBLU3Go12zo/WEvNcck1qHl/zNdeaFnnYB8eI4lB3TDEo8c5dm0rdmU5HXSONyMuDaR+"
    "/PUTcbABMq3yRZ7880zBSPD0V/K8vy/3sjWYmbG3RvJHkuXrVQPqTo/SJYj0DON9njfn0p"
    "em/WmyBTM8Nn+Svve3g5x5lVmgSUy8oiKNF3S1HoO+Kys1alA0VTpyKXaQQ/AT0ZUUKnQp"
    "Bdlk5D7PlAIRZ84zUpBwhNHYxUz6ZRRGnogbtDP1n5gTN12s2dA9Vtdr/ohWrajd+zcUcN"
    "pQwFEokEoZ2YXAFiOZ7QQxG6ksTIJMUll4w/4drCgcnZaA9yjpwyzR1ZcScSKdqcVGkq8Z"
    "EN+p1pwYMSbVCaCLHMnL3++K8yALP/LDzcefwu7J5EgceMKMoVBPqa2blbVi50/xTOFNqW"
    "F3hcr1T/c5oeNJxlTPzXYvBWqlt2vN8qNNgbvm5DbUyLZcIxtyj6nheZWlIirTvfLvcSmH"
    "47jA4ThOOxyQO61lJfch3ZLYsaKDqUzTmx8sxaXWGTS1V7UrgqNUDiuFcRrgH7mrLCtTsb"
    "SB+Uo9CmajLIuQtbNzP6FNpWJUs4vni/g9MbcUBn721qjg/Pbd+fvL3rf8/OBm8zp+Giwz"
    "o7PIkBXlcuSi08okzpUUSBC1lqr/Y9dsgxWIP+gtsdRFfM4O0JCMsCcIwuqiNCk8NKdygv"
    "gTcR08QxMskJxzhKXqYhbdVBpnY3eBRM6eJnLavxMX0jh7ml3YdFxLvs6omug1XNa4JBQI"
    "2+yxuuRJWdE6gUlcErTcZi3rpSJ/X+YFHRduzezojswf+v3j4zf918enZyeDN29Ozl4vsl"
    "fpS0VprIurn3RiJabddKblT085fBaZ8dGkQrIwIbW9jOHrzYK/toyhD5A+kVBtYsflOoPr"
    "lic1bLGHLfbdAxu22LdjY3eIJmH2jJuHqKGKmDBoo7k26KyWHgIx0EB9DQTrtgLXy0p8FL"
    "k7KVHweOp5PA5WKHqiVsiclIWguc1BM9RsX4SaoWYLNdsu1WyXqAelyAxHofpphVszVodA"
    "3/CZhSho+RXuJaor69yWWPZdWe6+mxBk07Fy+HT5GQdF6UN0vyzN3COqi9WqAzPEUNyxDV"
    "WU6Z9Zm07Xuzd3mzIFb7/8D4XuVhS6/WlQpRi7lFhPObZFbEjrZ+mBYuxLcEUh4ngRavbt"
    "eTXzFJWBaKM42ljsC2wca3TtoG4y0ojOqnbtDf0s1JVrvySYfeY30mGF/+zprpH6Yjn/WS"
    "fr0OAMTbjnZvCrZnfJ8Fv/6A290aPvuccju9g7HeEtNL6g/iEsXfhObtZuz0A6uIPq9Uds"
    "1LC9ko9clEbOXIAycsfBZGuvv7bF3HG+07ycGFVsfWQ6gZ1vs52HzOLaAk9wnjYGKLDsbi"
    "F+X5j0sggvBDoI70bOAix8pQogR2UA53I419tG3HjHGew86BHX5W5F3JcygHo91EcOJUxa"
    "dcBPiYIO6ulgQdpVRwsZwqCHenqgbMSnM5MjqqSCuBygX/MtYI8q0mSWn86qZ4fzxwCt1N"
    "XKzKUjYtdWSIb4DnXxet/wHynvfmwqX9aEO3XVUDQKaKO8NmauWuillUuTWqCClCisSDXf"
    "CN/Waia3OnrIFAdd1NQFHk2IXU8PSVHQQd0zilhwpp6rlhqypEETdVcmIS2GGa+8JEXlOn"
    "Riccv4D58lERbN2BtRhH5UCmZ+E+S5V/HUVkwMsK+HvZQPQ+t1NeCXMoB6A9SPaqB+BKg3"
    "RL1fA/U+oN4Q9eMaqB8D6g1RH9RAfQCoN0T9pAbqJ4B6Q9RPa6B+Cqg3RP1NDdTfAOoNUT"
    "+rgfoZoN4Q9R9qoP4DoN40SqoTnB5BdNoY91rhKcSnjXGvE6AeQYTaGPc6IeoRxKiNca8T"
    "pB5BlNoAd80lMSHYrpr3jcsB+g3Rr2hg43KAfkP0K5rZuByg3xD9isY2LgfoN0S/osmNyw"
    "H6DdGvmB+OywH6DdGvmCeOywH6DdGvmC+OywH6DdGvmDeOywH6DdGvmD+OywH6TaOtusEu"
    "5JLXg3/tcBfi3bXgXzfghdzyevCvG/JCjnk9+NcNeiHXXBX/FPvgTnnyfuae28tnyTOXD8"
    "pw5E3CnisZ8i7V3FHzRWkjTY2XuAaceMCJB5x4DRQDnHjAiQeceMCJt2UogRNv37nagBMP"
    "OPG6F3sBJ96uUQdOvN3rADjx2qEH4MQDTjzQCnDitQl/4MRrkzaAE2/3OgBOvBbpAjjxdq"
    "4D4MRriyaAE2+3+AMn3m6RB068XWAPnHg7Qx048YAT76WgDpx4wIn3UlAHTjzgxHspqAMn"
    "HnDivRTUgRMPOPFeEO7AiQeceC8Jd+DEA068l4E7cOK1An3gxNsl+sCJt0v0gRNvl+gDJ9"
    "4u0QdOvF2iD5x4u0QfOPF2iT5w4u0SfeDE2yX6wIkHnHgvGn/gxNst/sCJt1v8gRNvW/i3"
    "hhPvk39Q8QMf9zJJ8SLXD4pZ8YIjj5YTdF1Ji3eOHGKPiYsIk+7zAcICYeTy+SG6kgJRG1"
    "GB5ISgYODvTBtmqp0h7tpKkD8gw1fWS2h3jUN/YV+Y4ehDD9SRwQUl6VAh0USPy5CZqqoV"
    "S3U/W+hBdBdqHyDB/XaMZkoDiJG5ut33D9RV0lR8Ya56fRY3/T/9kJipfsHd9WNGmqga+9"
    "W9+vfQDGBRfd70/m95xIErOP/Uvym+v7BtwR4UNgiJpSeiLdyTI+5TxOmmSgyB+Uxb6+fY"
    "Wk0T2Pv7g8dGelYicyf9z+AfvQ2tMU1It/KZAHFlFkAMDIDAANgd1QIDIDAA7hTKTTMAAj"
    "/ddvjppsp/4hlrQwHV4kKigxgfnZaA+ChpI5cI60tAZbndKbx01uMQ306x4+RG80up7QXy"
    "m8TZj+WP+29OF9G7/qUoXr+9Pv/wISNBsgx1ys7ZiEgXZ20Z69bPt279lHUzfGJVAF4IdB"
    "DesxLonuWCe5bEduecSsCd8bZFrEqgjbct4FUCLbxtDbMS6OItcCvtGv994lbqKPj7Qq/U"
    "OfjNgaWsiHXlKacGASusOrrg4ymEtFNZFf2EIEz+5tsvqqogIQgqaBYNWHOXSlI/JEjJw6"
    "q0Dn0cTRqrJDYEaKWuVrBnU658zZlXL5mULQ/6aKYP5X02U0hqANBIXY3Qqf4qRv03JFse"
    "9NFMHw3ekJwBQCN1NTInQ0sQ7CrjXFEVSUnQQTO7IYh6GLuWxYiIghbqakEQ94mOVLxAq2"
    "2cSsrVqn+2TQOx8udxv0T987ifWwDVlxIznok5ca3KO0+Sct3DeiP7T0xJQHDPHVUq6SfE"
    "ugf2+jcFLr5NOFJTtArWKUFAOxvt1hzUOVemV14+ESZ7mQd1ItcPig/qaCMuLbLouvKgzg"
    "3T510YCc++aMid9KGb/G5lDqeoJ+BmzoUHTLA5khFtkfoba9HjK904dGLMizjU53oYmas/"
    "D86ewNmT3Z89WbyQpb2lUKCDW/I24ictV7gKEAcSHcR4/e5RYDAMSBVQToh1EOr1h1gx21"
    "wR6Ez72wEPdDPB1UQfB87I2/xye/MxJ7BaiiRtLh1J9F9zmHlTczri6Aw96kjKxKG+7S6c"
    "HA1RzPyGSL+6Pv89qYR3H24uknZVD3CRTDLPqkx5v3f35vr6F++QT6DakhKXApxX4wynWz"
    "Zy5K09iQN7StlnYcLurLzB4vLBirSB7mh5Yc+VWYNbNUOG3H5G8wlHU/yMBB1rrox04qCw"
    "5+rcAWQB2pAF0BPD/FxhHYnKrGchWQ359paRkzLen+qVv5CcpLy/GRZiztWiMMFiUgXqlG"
    "AHF+7+yUkZf/vkJN/f1tcSbgh3Ks3psP/28PVX5k2tFps+Dk6FpbMaTxkgX3CFJWY5y3VU"
    "LgH2UAluCu1wQdnuwnxxc/MhFrlcXCUqzB8/X19cKuwN9KoTlTmF55FLNCRW9bRtXBLSt6"
    "1O3zrY52JTPlt1TaeE16DsloVVXdL1wrj7mZ4673bOEPCSt07xFQLL6G4jIRROWdu9Askf"
    "f/1EHJxTXohHi7f+YPur+2VrsC5920IIHqKWH4VHcF0diItI5xJUmzqkJvb3lKGhy+cq7j"
    "pEdxOCRpw/UvKdQIIo6645KZGQ3CW2psykUiCbjomQiDPnOYtmc13DltkhYFIPUPNvRbTv"
    "669KXLSU6Fykv/6cLPjonTXfKR9dEFLbRY/IgqpbrWrydUbVcDUUHZfcjpq3uZZ2SctQC9"
    "7QPmfl+lnKu65GfxqX2mJCdju52EGp7SWDgu0lg/T2EoNZNVc6IgLUyFmV3zi6aWh/VJGR"
    "iqN+Jc8G4Cv1HJhlHoLIrtruJ7KpIFw1u3i+iOyi80pBoOIl4qe0353fvjt/f9n7tquK+r"
    "W5NFXryp0+EtrLjOiTnQ6Kg/rport/zrRcXP+JPKnOtoqjiUDYJeiRzOSB+ZLFIyEzvQ2f"
    "ukg/21tktv3rj2CoWHxG8KP5ooRMB/VrGhPq9u1ZkQ4KIvmqNfvu1utLmdOjAnN6lDankC"
    "fZqF84qUiIH/bv4OaH9VfmxYhX2ze/EAB4S8ALOb46lm7vUgImT6dc2TqKTspCFb7NmnZ9"
    "x7mGnuOSoOW2abk1e7l/4Z7LsPMbF1Tm1pKTnQ6KI8//+N2tWbT/ysjzmj8RO/zSoVCPoI"
    "97M+EfUNRVXmnKwB6TxBXhNxCHWI4mSIGtWng68lzDmPpzjZ90OKoDV0aeiItcMtXj6m8x"
    "qhGVj44MbS964C4iWMkKiV2pI1eM5tx9JK6Ka/XXHonZi64POiCtP+RwNv7C8IP+CqSKeu"
    "fqgfQ896bE/3akn6FQN5pTqZ5ISY8m+ji8eVDdmz88qDgaCYZnYsLVLV3z/KNHb6aufWH3"
    "aoKfW++vPt374bYeh3vSFMxVjG1uyj3HRsMQBnXjsXrL0IPLp6bbkIwp05zoh+gjR/qTk1"
    "P8SMQXZh6CTpWSBVWK92/AuFRPOEYqgCUh7uYPF/hZoLkWiUGOHf29ymc04Y7dNMgPp121"
    "4z1xKYiQciKk/HA/+pYnNgIVfQckIgU8s1n7c0txPnkzu6bLH5cElx9chDwX4Sdf77neQe"
    "T6CsdgHO9ZiiZm8Y1lhyuLKYhLsUMFCU33dKqNlDK1U0+akcXyE8nMmw61kRkSY3KfqDFU"
    "KDjZkCSa2cSNvjDzGeZNpK+LP72Wac1qLqy7tWZNP7qWb7iesONlnREpsFoLEfgyfXl71Z"
    "qF7J3ZiJ69iAXXSi9gwa72cuvYPydURQXBR5S1k24Kcv7CYobxHfzl6Oie2vfGw8dD5a+n"
    "A5u1jLjmFamQ9rZj69FW3Lz8petR/fFVgpywP6TRS6TRC4hnCj7nXUA88zI3rcR4qYDQDc"
    "KSNVtzvatkVBCWRK6vsOpuvGepsCRIwemYQKf9tOE1cYPZriL8YOIey3t9UGU+UaaZSjTS"
    "CUg1D7gWGZFsvst1DdzAuAtvqN2KiitgXGpnu2fMnfQ/gz3bNgM2fYM2HQwQGKB1G6CfCX"
    "blkOAc+uTl5RXmZxLrWOLkpV9T+k4coOGzMQr63llnKfM7NrAO/qBVVqqlBJRXKpdXYOWC"
    "lWvdK9c5celokr1sBddWrFl42WvVgpWv3jXnnxonn4JlpL1Lj5976h8N3gzOjk8Hi5TToq"
    "Uo01QiIU7ckACg7NIeEemgH7oR+i/9WlVAOOjeQXQ3sj1e3VFmHuorIDNeimyfzHg35nJt"
    "tMU7NWnf/geiEdnq"
)
