"""Budgets and policies of projects and tokens, and what each request was charged for.

A project or token without values here is as it was. The release before does not fill them.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
ALTER TABLE "project" ADD COLUMN "budgets" JSONB;
ALTER TABLE "project" ADD COLUMN "policies" JSONB;

ALTER TABLE "token" ADD COLUMN "budgets" JSONB;
ALTER TABLE "token" ADD COLUMN "policies" JSONB;

ALTER TABLE "request_log" ADD COLUMN "charge" VARCHAR(4);
"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
ALTER TABLE "request_log" DROP COLUMN "charge";

ALTER TABLE "token" DROP COLUMN "policies";
ALTER TABLE "token" DROP COLUMN "budgets";

ALTER TABLE "project" DROP COLUMN "policies";
ALTER TABLE "project" DROP COLUMN "budgets";
"""


MODELS_STATE = (
    "eJztXW1z27ay/isYfWnOjI8nll/i5p45M3bitm5iuxM7t72n6dCQCEs4pgCVIK142vz3C4AUxXe"
    "RoF4oemc6qU1iQfpZcLG7WDz4qzflwhu5ROz/4vL/kqHXe4v+6jE8IfKH7M091MPTqbol/nSoR9"
    "QFDw+coHWs0UB4Lta9PWBHEHnJJmLo0qlHOVON3xOHeJSNEGcEPRIyFcgbE+Ty2R4SXP6MPTSmw"
    "uPuMxIefhbIJdhWj9pDmNmIuFgQgagnpPSz2FdPtflQPlZ2uq4H+Iz+6RPL4yMi+3LlY37/Q16m"
    "zCZfiZj/On20Hihx7ASU1FYd6OuW9zzV1z5/vnz/g26pXn5gDbnjT9ii9fTZG3MWNfd9au8rGXV"
    "vRJh8Q4/YMYiZ7zihMuaXgjeWFzzXJ9Gr2osLNnnAvqMU1fvXg8+GSj9owm3iiH1qi31GZha1/x"
    "2+Yay1ZV3f3Fm3F3eW1cuoV71JSiHhpSFnamhQ5im8/voW9LvARV/tqQe8++ns06vDk39oJMKBO"
    "Eet900LYg8Hohr7Bdj6/xm4342xmw/3vH0KcPmiJlDPLyywXnwDc/jmAK0B0t4Ef7UcwkbeWP7a"
    "f/26BOP/PfukYZatNM5cfrTBx3wd3uoH9xTeC3wd+kSsuiAnhIyQDodsjTG92zBLg/pEbeLWQTk"
    "u08HhfHJUAeaTo0KU1a0kyANp5i3fdeqAHJdZyUhuFcb910enlQbz0WnJaFY3k0hTYUmXQFqBLN"
    "TnnDsEs4LJMC6XgnsgBdc1qOfWZLPT3vnNzUfV80RIF0tfuLxLofz56vzi06sDDX7oh8nLl9d3K"
    "cBdIv9Y4QlrSlxrQpnv5UB/ybx82AukUwqQf9EOjveReol/9g+O3hydHp4cncom+j2jK29KNJQF"
    "Wn0+U+xixyGONcetBtSF8gB2FmyJEp8R2wqc1CzKP9/eXOfDnJVM4WvToYf+Ro4MC3YP5xIQFSQ"
    "JmzI31K+uzn5L2/B3H2/O0z636uC8QA/cpSPKjBQREwVNmGvi6cCauuSBfq3jwySEuujErMEhf8"
    "DU4U95DnnxWI/LwCA3H+RUcAfrl6wxyBNCmwuHeowzkk2ZRFdXMcCruOjF/nnGOY8l72qEmnMRs"
    "B/V8iZ8WHsIx2UA5kow+2xCPOKSnJRrMc4JoQ2aCu0LrSu9ulaTMfDtEcmLc4onw5gIzIXmc+GU"
    "O3RISS3o4zKAvTn2Q5cobCycM1e+l3c8OiH5GkhKpnUQiu7Pf9jBVG2JKu4ury5u786ufkno4/3"
    "Z3YW609dXn1NXX52kdBR1gn69vPsJqV/Rf26uL9Jqi9rd/aen3gn7HrcYn1nYjmMyvzy/lJxDpr"
    "ahmpOSoOZWq9lWq8RGak5KrkDNu2NXd0LLaiX+4TG2PKwuDPDwcYZd20rcWQwHtdKfszoRSv3w4"
    "RMpDCejWonPUwkjwZMP5Hl3P+7F1XBkJr4ajz+SvIxfPaDuVC9dgkiNMN7nRWMue2vSn6SvYIZH"
    "+k9Sz/62VzCucot0UgOvuFDHDxtaj2HLpdU6sks0kRpyKXaQQ/ATUdU0VKhyGmSTofs8lepDnDn"
    "PSALCEUYjFzMvKKVh5Im44XUm/xMz4mYLdtb0jOU1O7/HMxnU7v0BRTxtKOKRKJBaq/KRwAaj98"
    "0E7mvJkozD1cSq8M7bd7Cq5OCkArwHaQ9mga66lYoS6VQaG498zYH4Tl4tiBATUp0AusyNvPjtr"
    "jw8j7zIjzfXP86bp2P2JPCE6YlCvqWa3aw8i108xHOF16WG7RWrrX64zwgdjXOGemHFw0LAqMTB"
    "aJQfrAvcFRc4QJ3UhuukBtxnsntex1TEZbq3LHNYyeE4LHE4DvPKWSl3qfdcw0zERTZnKF6nMX7"
    "dHuMA5aqbKleFqpo8rLtS5t5qmFdf5Y592XENfOftu4ftQb+KtZCtit3ffsZW6FyLNcHTLMbFK7"
    "IJIViShSVZWMUpXasLs7S5MX1xFjYptcpsbHtVuyTrmlkaq1AG+AN3ZcjOPpBnDfOlfBXMhnmhZ"
    "t6m4d2ENrPCIy+7eBYtDKTGlsQgWBTWKji7fXf2/qL3rXjZcTPLRcEqW+mCUbQQV2HJyIvaLl00"
    "+lVtscZq9zSaYYHI1+EYM/m26IG7e8hnHnUQ9RBhds727brCDbZmF+UJi21KYXJwc6s7+knqn6M"
    "dW9YR3HeHtTYOLyQ6kRFft6sPSw+w9NAmNax77eGBeMOxkfeflATvv9XeP/k6pbI7AzUnJTej5k"
    "0u7u26lmtU6q3XZS5xlSu4yDU840tPIEGGLpH/x64mJRKIPyiCIuoiPmN7aECG2BdEusAu93QpH"
    "ZpRb4zUVkIHT9FYOsXejCPtJesBnHGh1/YUKKna0ZKq9vMiQUEVeHm5Xl6Lpv/dybbvxPSfZKx5"
    "krOoiS+flAQtt1nLylQUs+Sc01EpUU5H+XG+7/cPD9/0Xx+enB4fvXlzfPo6KhXJ3iqrGTm//FG"
    "VjSS0m60j+dOXDp9FpnyYsy5ciH9KaoslOS2t3QsAUgU39QZ2Uq4zuG54UAPh2YaGORCeAeHZ1n"
    "HeFuEZYfaU65cwUEVCGLTRXBt0aqSHUAw0YK4B4H8B/peXh33orUhk/bx0X5mTnxEFP9/Mz3ewR"
    "NEXRomitCykitqcKoLS3hehZijthdLeLpX2xsodgwX4HEehPlfOre6rQ6CvmTEnDlpxVccC1SW1"
    "HZZYtFxa4nE3JsimI+nuqZILHBZi7KP7xXLkPaKqQEM2YPpoKu7Y+rAq3T63HiNb47G+x1Qp8gh"
    "KXqC4oxXFHcEwyAJeXICwkFhNCUKLzmNafVk1FCC8BEcU4o0XoeZgPq83PcVlINYojzWiWtjGkU"
    "bXSCLTcUZ8VLVsA6GQd66CZfD87YOxBqXes68axlbUq3nPKlGHjk7RmPtuzgbB/CY5XuvvvYE/f"
    "Az89mRUl/iiY4QS2hNUP8wX6wIXN6++OZQOnyBb/Z7odX69lodclkLONT85eeNwqLXXW9tg3rjY"
    "ZV4MjDozfWw4wSzf5lkesoorCzvBdVoboHDK7wai92hKr4pwJNBBeNey+yXylWqAHJcBnKvhbFY"
    "437jGEqoOesR1uVsT94UMoG6G+tChhHmWCfgZUdCBmQ4i9h8TLeQIgx7M9EDZkE+mOkNUSwVJOU"
    "Df8CtgjzLSZFaQzjKbh4v7AK2YamXq0iGxjRWSI77TVNObnp+ldz/S617WmDumaijrBbRRXRtTV"
    "xp6zyo8oKtEBRlRsEiGX0Qw1yoqLxM95IqDLgx1gTXDl5Ee0qKgA9NduVhwJt/LSA150qAJU8sk"
    "PIthxmubpLhch/bobhj/wbNHhEVzKiPK0I9Lwchvgjz3a+7YSogB9mbYe97DwHpdD/iFDKDeAPU"
    "DA9QPAPWGqPcNUO8D6g1RPzRA/RBQb4j6kQHqR4B6Q9SPDVA/BtQbon5igPoJoN4Q9TcGqL8B1B"
    "uifmqA+img3hD17w1Q/x5QbxolmQSnBxCdNsbdKDyF+LQx7iYB6gFEqI1xNwlRDyBGbYy7SZB6A"
    "FFqA9wVk8SYYLtu3jcpB+g3RL/mBJuUA/Qbol9zmk3KAfoN0a852SblAP2G6NeccpNygH5D9Gvm"
    "h5NygH5D9GvmiZNygH5D9Gvmi5NygH5D9GvmjZNygH5D9Gvmj5NygH7TaMs02IVc8mrwNw53Id5"
    "dCf6mAS/klleDv2nICznm1eBvGvRCrrku/hnuwa2y5P3EfbdXzJGnb+8tZ8gbz9st5ce7kCNHjh"
    "apiywxXuoeMOIBIx4w4jVQDDDiASMeMOIBI96GoQRGvF1nagNGPGDE617kBYx420YdGPG2rwNgx"
    "GuHHoARDxjxQCvAiNcm/IERr03aAEa87esAGPFapAtgxNu6DoARry2aAEa87eIPjHjbRR4Y8baB"
    "PTDibQ11YMQDRryXgjow4gEj3ktBHRjxgBHvpaAOjHjAiPdSUAdGPGDEe0G4AyMeMOK9JNyBEQ8"
    "Y8V4G7sCI1wr0gRFvm+gDI9420QdGvG2iD4x420QfGPG2iT4w4m0TfWDE2yb6wIi3TfSBEW+b6A"
    "MjHjDivWj8gRFvu/gDI9528QdGvE3h3xpGvE/BRsWPfNTLpcSL3d8r48QLNzxaTthwKSneGXKIP"
    "SIuIsxzn/cQFggjl8/20aUnELURFcgbExR2/J2+hpm8zhB3bSnIH5BmK+uldLvCrr+wL0wz9KEH"
    "6njhDSnpUOGhseqXIT1Q5VXsyefZQnWimlB7DwkeXMdoKvFHjMzk4/75QF0pTcUX5sqPJ3ro/6i"
    "XxEy2C5+uXjN2icq+X93Lf/d1BxZVu03v/1FEG7iE8U/+m2H7m1+LuIPmF4SHPV/Er3DfG/KAIE"
    "5dqsUPWMyztXqGreUkgb1/PfhsqEYl0k9S/xz9u7cmC9OEcquYBxDX5gDEwP8H/H/dUS3w/wH/3"
    "1ahXDf/H7DTbYadbiL9J55jG0qIFiOJDmJ8cFIB4oP0HLlAWN0CIsvNDuGFs56E+HaCHacwll9I"
    "bS6MXyfOQSR/2H9zEsXu6peyaP326uzjx5z0yCLUqTpmYyJdHLVVZrd+8ezWz8xumk2sDsCRQAf"
    "hPa2A7mkhuKdpbLfOqATMGW9bxKkE2njbAlYl0MLb1vAqgS7eArPStvHfJWaljoK/K+RKnYNfb1"
    "fKi1iX7nFqELCC1VELPr5ESDmVddFPCcLgb158UVcFKUFQQbNowJq51CPmIUFGHqzSKvRxMG6sk"
    "kQXoBVTrWDfplz6mlPfLJmULw/6aKYP6X02U0imA9CIqUboRJ2JYf6F5MuDPprpo8EXUtABaMRU"
    "IzMysATBrpyca6oiLQk6aDZvCCJfxjaaMWKioAVTLQjiPtGhjBdovcKptJzR+mfbNJBY/jzsV1j"
    "/POwXLoCqW6kRz8SMuFbtypO0XPewXkv9iV4SENx3h7WW9FNi3QN79UWB0cmEQzlE62CdEQS0l6"
    "P9SJ5rlg0vJBoUDbcM5dXUDGPPI5Np3iFrP9/eXBdtWVjIpDcu0KGH/ta7cjqFqAJD9RxtVpiPz"
    "1dXZ7+lh+67jzfnaehVB+e5B97VMs2RRPfsRBUzUWwltJFozV6+M+mfexdPhHm93L18sft7ZXv5"
    "lJ/vWSRquHQv3w1TW+IYmW+PU2g72X15xc2q7F+Tb8D1cJvvQcN611b8iqfGaXyHWzf2pWkPVOy"
    "rrX+MzOSfB9vTYHva9renRR9k5YBqLtDBqt21hFILC1cD4lCigxiv3qcPJwwNUg2UU2IdhHr1WZ"
    "jE3FwT6Nz5twPO53ryL2PFGFArtIqJNIqsjMZ0zNEZ+NTxKBP76rHbcHLWEnDRaZ0hH7Tu3lhfv"
    "fGeU47UMylJKcB5Oc6wAW4tu2LbkzawJ5R9FjrszssaRLf3SpMGqpnlz9st5/9hCA+H3GdewJEz"
    "wc9I0BHT/Dlc5wd0l5o6R+SQ/NSXX55lgHxBG/IFahDpn2tYnLjMakzOcsg3Z3COq/iJslWxyTn"
    "O+IlTLMSMS/MxxmJcB+qMYAdNfP/4uIpnfnxc7JmreymHhTu1xvS8/ebwDaz4uqzFurklqLBU/u"
    "MpB+RzLrHErMBcx+VSYA+k4LrQnhuUzRrm85ubj4kY5/wyVa5y/fnq/EJir6EPp/q3uZXaLlGQW"
    "PUTvElJSPS2OtHr4IDYUfp39TWdEV6BslsWgHVJ19HkHuSETL7tgi7gI2+d4muEoPHSRSEkTnm1"
    "o6HkDx8+EQcXLEQk48rboLPd1f3iamiXvm0gWJ+jVhyvx3BdFrKLWNMKrL0qxib2P2VgPXD5TEZ"
    "d++hOxtpDzh8p+U4gQeTcruhtkfC4S2zFvks9gWwqw3APceY85zH2rqrbKpUEOkkBtQGtiPUD/d"
    "WJihYSnYvzV5+7BQ+9s5N3xkMXhBg76DFZUHWrVU2+TqnszkDRScnNqHmTtrRLWoY14zVtmZCun"
    "yV963pMykmpDaZjN5OJPapUhnJUUoZylC1D0ZjVc6VjIsCynrdCnEQ3C+0PMjKScdQH8qwBvpTv"
    "gVnufqr81d3dRDYTgsvLLp5FkV18XEkIZLxEgoT2u7Pbd2fvL3rftrXyfqVvTaRduVO7y3u58Xy"
    "60V5ZSD+JGgcb1qtF9Z/Ik2xsyyiaCIRdgh7J1NvTR+I8EjJVi+nURerN3iK9OUCdpiMj8SnBj/"
    "poGi8b0q+oT1izb4892iuJ4+uu13d3rb7SZHpQMpkeZCdTyJKs1Ssc1zxZY96+g4UPq1+VF0Ner"
    "7o+EgB4K8ALGT6TmW7nEgI6SycdWRNFp2VhBb7NmnYDx9lAz0lJ0HLbtNyaiu+fue8y7PzCBfUK"
    "15HTjfbK4s7/Bo2tabz10rjzij8Re35gqpAvoLaEMxFsYlQrvJ5eAvaZR1wxP0p1gL3hGEmo5RW"
    "ejTtX0Kc69fWTCkZV2MrIE3GRSyaqX3Wkq+xReuhIs3+jB+4igqWs8LDrqbgVoxl3H4kro1p1aC"
    "zRhelqMwRS2kMOZ6MvDD+ow2RlzDuTL6RGuT8hwRG0QXZCPmhGPflGUno4Vlvm9Yuq1vzhQUbRS"
    "DA8FWMuH+nq9x8++lN57wu7l8P7zHp/+ek+CLZVP9z39GK5jLD1Q7nv2Ggwh0E+eCS/MfTg8olu"
    "NiAjytTRCvvomiN1cu0EPxLxhemXoBOpZEGl4oMHMO7JNxwhGb6SOe76Dxf4WaCZEklAjh117O0"
    "zGnPHbhriz4ddvS1ASSmIjwrio+JgP/6Vp0qAyo4TikkBXXVeZW4l6jh/ahs6/ElJcPjBQShyEH"
    "4M9F7oG8Tul7oFo2S7SkQy0UHtDpfzpSAuxQ4VZD5xTyZqipIT7cT3dM9icc468ycDNcUMiJ5wn"
    "6ieplC4oyFNRbOOB31h+iz3daSuy89vzJ3LDM3qdueypic3Fk9bT9jx8/aGlMxZkcjmJqzXOz9b"
    "tcaMvdMF6PkmLLxX0XyFtezVrNivYyojgvAcduWg66W4wKzobgLnftE7uqf2vfbu8UD66tmgZiU"
    "9rtgelTJnd8wabcTFKzZcj/KPrxPgzNtDAr1CAr2EmKZ4tbiMmOZlFqsk6T3rhiYQkkBIUj6Xq3"
    "qSYUlIErtfOqe7yXaVQpIw+abiAZXwU9Oujhl0mYoIAol77N2r7SmzsZyYqYeGKvUoRwFXIkOSz"
    "4a5qo4bTO3CHyinoqb9S0ptrWpGP0n9c7Rj5TIwo69xRofpB6afVU8/PxHsegOCC6iVF7dLJ59x"
    "olmF3ZbBWtJ3Yg8NnvWUoJ6ct3+yuGGDuSHotI6dWkjAskrtZRWwW2C3Vm23PpDnT6oQNNdqzW+"
    "W2ix1ioU7b7XUZH1mHnUCXxUjKao8V8Y9hIUqBldOLpd+r6523kPhb4TZUy41r8TUijsP7mtR+c"
    "p21t6t7Sk5xvL32Dke0VlA886CbeTbTKGFBrG9RrQdGbTtHN6yQ2a1Rnqn9klazY7QahuIG+Bwj"
    "sxLDZDjMoBzNZx9NY/UdboiIdhC3Ta3K1lHi0W9wxMWEvD9FH8/bXJtbz3sFazvRneXOrcialYh"
    "IJcC3wmkKuoRcV3uhkWWY+0uqvSsYijyxVRaY2K/lTdRcIykboaRp8iKBKZ2kPoN2g9wjou73kc"
    "1SAq0xZV6GYniSMEG9X5pWdgR0Ob5Sn2vBkqOiYF+26zfB0wd+SkqfeVwJxbmAdJinSlE6x8cvT"
    "k6PTw5ihIB0ZWy+D9bEK23t+kZso6zl5TqHnfOWuKlBWim2xDjwmCv2mavWuPbfw5PqL7RZQa9X"
    "A8/1abUz49OvOaLxlWOKJl7zwvnWm3xkv5k2B8KN1GH+7VmYx7LQVMv9NhV8abKUj8ytassjy1l"
    "vY/KzWqH1aSp01ITRKm6yjRsMK9AiO0a/0OduZp3vTB2cPksN3YoS4QvZCAZvppkeL3dcqvcJde"
    "uGfK4SuWJbFVyxkem9gQKe9Z4hqQ0WU/UrleREJfpIMirJ8NJzgtVczxJKVgySxeZx2bSyjXmMR"
    "kANG1nW5KF7ASYwCFkAvBORHQJNQd0DyZqTkhC3N42Lbcnbhfyzns5BljxASWpNnulcbtqa9mJx"
    "lV3kaOpjKHH3A8WxO7fS2yvby9vrq0PF/93/zZgJqECjVzuT2UYPXhGjFC9thbsrmQyrtaVK/l7"
    "N1b6BEU5cx/9mXq/x72csO6jbSFRFiA89HRPJQAU4Yqt2qoW93qv8n1xwD/wh49Ef8AJPBdbnBM"
    "uXNz7COp3svmBpESi1/BhOkUQ7yq3ERTNtTJPsBgwdeaKhRS4A62bKJKksrFPsWo4nRCCeLpCPF"
    "3AOlEMcRHnRBfgPeifVtnt1T8t3u6l7kHGAjIWuwYoVE2ve3XaJfIvza2uKF1fikl1prhiw5x0e"
    "lW/Ju4LGUDdkAmQqVVeZgVBstnoL+4DtGKqlalLh8Q2VkiOOOjCTBfDseLpUXlLS9HNGqqkrBfQ"
    "jJlmpPc9mYaHFNVUR0YUdGD4dUgcHaLp7Uz0kCsOujDUBR6OVZmviR7SoqADMx0E+7/kexmpIU8"
    "aNGFqmYRnMcx4bZMUlzNCv2Urky+QtfWMSAd43MtdOwzv7ZWtGeJFm2VLhcVqWDFZ6ktZsWq4qa"
    "OEu5m4dZcqYiJdzKAdH1eqXj0uqV49zjCnTWudOx027yC6aznFUT7Ryz15+ufbm+uiCS0SSa+m0"
    "qGH/kYOFbt4dEYJuAqMxBLqHNNXV2e/peF+9/HmPJ17Vx2cb3tC+/b/k9G8mg=="
)
