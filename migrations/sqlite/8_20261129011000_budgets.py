"""Budgets and policies of projects and tokens, and what each request was charged for.

A project or token without values here is as it was. The release before does not fill them.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
ALTER TABLE "project" ADD COLUMN "budgets" JSON;
ALTER TABLE "project" ADD COLUMN "policies" JSON;

ALTER TABLE "token" ADD COLUMN "budgets" JSON;
ALTER TABLE "token" ADD COLUMN "policies" JSON;

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
    "RoF4oemc6qU1iQfpZcLG7WDz4qyf+dKhH9n9x+X/J0Ou9RX/1GJ4Q+UP61h7q4el0cUNd8PDA0W"
    "2nsUYD4blY9/WAHUHkJZuIoUunHuVMNX5PHOJRNkKcEfRIyFQgb0yQy2d7SHD5M/bQmAqPu89Ie"
    "PhZIJdgWz1qD2FmI+JiQQSinpDSz2JfPdXmQ/lY2em6HuAz+qdPLI+PiOzLlY/5/Q95mTKbfCVi"
    "/uv00XqgxLETQFJbdaCvW97zVF/7/Pny/Q+6pXr5gTXkjj9hi9bTZ2/MWdTc96m9r2TUvRFh8g0"
    "9YscgZr7jhMqYXwreWF7wXJ9Er2ovLtjkAfuOUlTvXw8+Gyr9oAm3iSP2qS32GZlZ1P53+Iax1p"
    "Z1fXNn3V7cWVYvo171JimFhJeGnKmhQZmn8PrrW9DvAhd9tace8O6ns0+vDk/+oZHgwhu5+qZGr"
    "fdNC2IPB6Ia+wXY+v8ZuN+NsZsP97x9CnD5oiZQzy8ssF58A3P45gCtAdLeBH+1HMJG3lj+2n/9"
    "ugTj/z37pGGWrTTOXH60wcd8Hd7qB/cU3gt8HfpErLogJ4SMkA6HbI0xvdswS4P6RG3i1kE5LtP"
    "B4XxyVAHmk6NClNWtJMgDaeYt33XqgByXWclIbhXG/ddHp5UG89FpyWhWN5NIU2FJl0BagSzU55"
    "w7BLOCyTAul4J7IAXXNajn1mSz0975zc1H1fNESBdLX7i8S6H8+er84tOrAw1+6IfJy5fXdynAX"
    "SL/WOEJa0pca0KZ7+VAf8m8fNgLpFMKkH/RDo73kXqJf/YPjt4cnR6eHJ3KJvo9oytvSjSUBVp9"
    "PlPsYschjjXHrQbUhfIAdhZsiRKfEdsKnNQsyj/f3lznw5yVTOFr06GH/kaODAt2D+cSEBUkCZs"
    "yN9Svrs5+S9vwdx9vztM+t+rgvEAP3KUjyowUERMFTZhr4unAmrrkgX6t48MkhLroxKzBIX/A1O"
    "FPeQ558ViPy8AgNx/kVHAH65esMcgTQpsLh3qMM5JNmURXVzHAq7joxf55xjmPJe9qhJpzEbAf1"
    "fImfFh7CMdlAOZKMPtsQjzikpyUazHOCaENmgrtC60rvbpWkzHw7RHJi3OKJ8OYCMyF5nPhlDt0"
    "SEkt6OMygL059kOXKGwsnDNXvpd3PDoh+RpISqZ1EIruz3/YwVRtiSruLq8ubu/Orn5J6OP92d2"
    "FutPXV59TV1+dpHQUdYJ+vbz7Calf0X9uri/Saova3f2np94J+x63GJ9Z2I5jMr88v5ScQ6a2oZ"
    "qTkqDmVqvZVqvERmpOSq5AzbtjV3dCy2ol/uExtjysLgzw8HGGXdtK3FkMB7XSn7M6EUr98OETK"
    "Q4ng0qJz1MJIsGTD+R5dz/txdVwXCa+GY8/krx8Xx2Y7lQfXQJIjS7e50XjLXtr0p+kr2CGR/pP"
    "Us9WT8oZUznFOakhV1yg44cNrcew5dIqHdklmkjtuBQ7yCH4iagqGipUGQ2yydB9nkrVIc6cZyT"
    "B4AijkYuZF5TQMPJE3PA6k/+JGXGzhTpresbyWp3f4xkMavf+gOKdNhTvSBRIrdX4SGCDUftmAv"
    "a1ZEfG4SpiVXjn7TtYTXJwUgHeg7TnskBX3UpFh3QqjY1HvuZAfCevFkSGCalOAF3mPl78dlcel"
    "kfe48eb6x/nzdOxehJ4wvREId9SzW5WnsUuHuK5wutSw/aK1FY/3GeEjsY5Q72w0mEhYFTaYDTK"
    "D9YF7ooLG6A+asP1UQPuM9k9r2Mq4jLdW445rORwHJY4HId5ZayUu9R7rmEm4iKbMxSv0xi/bo9"
    "xgDLVTZWpQjVNHtZdKW9vNcyrr27Hvuy4Br7z9t3D9qBfxVrIVsXubz9jK3SuxZrgaRbj4pXYhB"
    "AsxcJSLKzelK7RhVna3Ji+OAublFplNra9ql2Sdc0siVUo//uBuzJkZx/Is4b5Ur4KZsPcPXyZr"
    "cK7CWxmbUdedvEsWhZIjSyJQLAUrBVwdvvu7P1F71vxYuMmFoqC1bWSpaJo+a3CYpEXtV26XPSr"
    "2lSN1X5pNMMCka/DMWbyTdEDd/eQzzzqIOohwuycDdt1hRtsxi7KEBZbk8K04ObWdfST1D9HO7a"
    "gI7jvDmttFV5IdCIXvm4nHxYdYNGhTWpY96rDA/GGYyO/PykJfn+r/X7ydUpldwZqTkpuRs2bXN"
    "bbdS3XqM1bp7tc6CZXcI9reMWXnkCCDF0i/49dTUEkEH9QdETURXzG9tCADLEviHR/Xe7p0jk0o"
    "94YqY2DDp6isXSIvRlH2kPWgzfjPq/tKVBItaOFVO1nQYIyKvDwcj28Fk39u5Nj34mpP8lP8yRn"
    "URM/PikJWm6zlpWpKObEOaejUlqcjrLhfN/vHx6+6b8+PDk9Pnrz5vj0dVQgkr1VVilyfvmjKhZ"
    "JaDdbPfKnLx0+i0z5MGc1uBD/lNQWC3FaWrEXAKTKbOoN7KRcZ3Dd8KAGerMNDXOgNwN6s63jvC"
    "16M8LsKdcvYaCKhDBoo7k26NRID6EYaMBcA8D2AmwvLw/70FuRyPp56b4yJz8jCn6+mZ/vYImiL"
    "4wSRWlZSBW1OVUEBb0vQs1Q0AsFvd0p6I1VDwTL7zluQl1mnFvdU4cgXys/ThyyomqOBaJLajos"
    "sWi5tLTjbkyQTUfSzVOlFjgswNhH94tlyHtEVWGGbMD0AVTcsfWRVLp9bh1GtrZjfY+pUtwRlLp"
    "AUUcrijqCYZAFvLjwYCGxmtKDFp26tPpSaig8eAkOKMQZL0LNwXxeb3qKy0CMUR5jRDWwDSOMrp"
    "FBpuOL+Jhq1XZBIa9fBUvfeZsFY7dL/WZfNYytoVfzm1VqDh2dojH33ZztgPlNcvzV33sDf/gYe"
    "OzJSC7xLceII7QPqH6YL88Fzm1eRXMoHT5Btvo90ev8ei3fuCxpnGt4cjLF4TBrr5+2wUxxsbO8"
    "GBh15vjYcIL5vc3zO+QRVxZwgtO0NkDhFN8NxO3RlF4V4Uigg/CuZb9L5CvVADkuAzhXw9msVL5"
    "xVSXUGfSI63K3Ju4LGUDdDPWhQwnzLBPwM6KgAzMdRFw/JlrIEQY9mOmBsiGfTHV2qJYKknKAvu"
    "FXwB5lpMmsIJ1lNg8X9wFaMdXK1KVDYhsrJEd8pymlNz0/S+9+pFe8rDF3TNVQ1gtoo7o2pq409"
    "J5VeARXiQoyomCRDL+IYK5VxF0mesgVB10Y6gJrPi8jPaRFQQem+3Cx4Ey+l5Ea8qRBE6aWSXgW"
    "w4zXNklxuQ7tyt0w/oNnjwiL5tRElKEfl4KR3wR57tfco5UQA+zNsPe8h4H1uh7wCxlAvQHqBwa"
    "oHwDqDVHvG6DeB9Qbon5ogPohoN4Q9SMD1I8A9YaoHxugfgyoN0T9xAD1E0C9IepvDFB/A6g3RP"
    "3UAPVTQL0h6t8boP49oN40SjIJTg8gOm2Mu1F4CvFpY9xNAtQDiFAb424Soh5AjNoYd5Mg9QCi1"
    "Aa4Kw6JMcF23bxvUg7Qb4h+zQk2KQfoN0S/5jSblAP0G6Jfc7JNygH6DdGvOeUm5QD9hujXzA8n"
    "5QD9hujXzBMn5QD9hujXzBcn5QD9hujXzBsn5QD9hujXzB8n5QD9ptGWabALueTV4G8c7kK8uxL"
    "8TQNeyC2vBn/TkBdyzKvB3zTohVxzXfwzrINbZMj7iftur4gfT9/cW86ON563W8qNdyFHjRwpUg"
    "9ZUrzUPWDDAzY8YMNroBhgwwM2PGDDAza8DUMJbHi7ztIGbHjAhte9qAvY8LaNOrDhbV8HwIbXD"
    "j0AGx6w4YFWgA2vTfgDG16btAFseNvXAbDhtUgXwIa3dR0AG15bNAFseNvFH9jwtos8sOFtA3tg"
    "w9sa6sCGB2x4LwV1YMMDNryXgjqw4QEb3ktBHdjwgA3vpaAObHjAhveCcAc2PGDDe0m4AxsesOG"
    "9DNyBDa8V6AMb3jbRBza8baIPbHjbRB/Y8LaJPrDhbRN9YMPbJvrAhrdN9IENb5voAxveNtEHNj"
    "xgw3vR+AMb3nbxBza87eIPbHibwr8lbHifgm2KH/mol0OHF7u7V8aHF252tJyw4VJCvDPkEHtEX"
    "ESY5z7vISwQRi6f7aNLTyBqIyqQNyYo7Pg7fQ0zeZ0h7tpSkD8gzVTWS+l1hV1/YV+YZudDD9Tx"
    "whtS0qHCQ2PVL0N6kMqr2JPPs4XqRDWh9h4SPLiO0VRijxiZycf984G6UpqKL8yVH0700P9RL4m"
    "ZbBc+Xb1m7BKVfb+6l//u6w4sqnaa3v+jiDJwCduf/DfD9De/FvEGzS8ID3u+iF/hvjfkATmcul"
    "SLG7CYY2v17FrLCQJ7/3rw2VCNSqSfpP45+ndvTdalCd1WMQcgrs3/h4H7D7j/uqNa4P4D7r+tQ"
    "rlu7j9gptsMM91E+k88xzaUkCxGEh3E+OCkAsQH6TlygbC6BSSWmx3CC2c9CfHtBDtOYRy/kNpc"
    "CL9OnIMo/rD/5iSK29UvZZH67dXZx485qZFFqFN1zMZEujhqq8xu/eLZrZ+Z3TSTWB2AI4EOwnt"
    "aAd3TQnBP09hunU0JWDPetohPCbTxtgWMSqCFt63hVAJdvAVWpW3jv0usSh0Ff1eIlToHv96qlB"
    "exLt3f1CBgBaujFnx8iZByKuuinxKEwd+88KKuClKCoIJm0YA1c6lHzEOCjDxYpVXo42DcWCWJL"
    "kArplrBvk259DWnvlkyKV8e9NFMH9L7bKaQTAegEVON0Ik6D8P8C8mXB30000eDL6SgA9CIqUZm"
    "ZGAJgl05OddURVoSdNBs3hBEvoxtNGPEREELploQxH2iQxkv0HqFU2k5o/XPtmkgsfx52K+w/nn"
    "YL1wAVbdSI56JGXGt2pUnabnuYb2W+hO9JCC47w5rLemnxLoH9uqLAqNTCYdyiNbBOiMIaC9H+5"
    "E81ywbXkg0KBpuGcqrqRnGnkcm07wD1n6+vbku2rKwkElvXKBDD/2td+V0ClEFhuo52qwwH5+vr"
    "s5+Sw/ddx9vztPQqw7Ocw+7q2WaI4nu2YkqZqLYSmgj0ZJ9fGfSO/cungjzejn7+GJ398r28Skf"
    "37NI1HDpPr4bprbDMTLfGqeQdrJ78oqbVdm7Jt+A66E233+G9Y6t+BVPjdH47rZu7EnT3qfYV9v"
    "+GJnJPw+2psHWtO1vTYs+yMrB1FyggxW7awmjFhauBsShRAcxXr0/H04YGqQaKKfEOgj16jMwib"
    "m5JtC5828HHM/15F7Gii2gVlgVE2kUVRmN6ZijM/Cp41Em9tVjt+HkrCXYotM6Qz5o3b2xvnrjP"
    "acbqWdSklKA83KcYfPbWnbEtiVlYE8o+yx00J3NGEQ390oTBqqZ5c/bLef9YQgPh9xnXsCNM8HP"
    "SNAR07w5XOcGdJeaMkfkkPvUl1+eYYBcQRtyBWoQ6Z9rWJu4zGrMzXLIN2dsjqv4iLJVsbk5zvi"
    "IUyzEjEvTMcZiXAfqjGAHzXv/+LiKV358XOyVq3spZ4U7tcb0vP3m8A2s+Lqsxbo5JaiwVO7jKQ"
    "fkcy6xxKzAXMflUmAPpOC60J4blM0a5vObm4+J+Ob8MlWmcv356vxCYq+hD6f6t7kV2i5RkFj1k"
    "7tJSUjytjrJ6+CA0FH6d/U1nRFegbJbFnx1SdfR5B7kg0y+7YIu4CNvneJrhJ/xkkUhJE55NaOh"
    "5A8fPhEHFy1CxKLK26Cr3dX84mpolb6tPUyfY1YUqccwXRasi1jTCjy9Krom9j9lSD1w+UzGW/v"
    "oTkbZQ84fKflOIEHkrK4IbZHwuEtsxbdLPYFsKgNwD3HmPOdx9K6q2yr1Azo9ARUBrYjyA/3ViY"
    "cWEp2L8FefsQXfvLPTdsY3F4QYu+YxWVB1q1VNvk6p7M5A0UnJzah5k7a0S1qGleI1bZKQrp8l/"
    "ep63MlJqQ0mYjeTgz2qVHxyVFJ8cpQtPtGY1XOlYyLAq563LpxENwvtDzIyknHUB/KsAb6U74FZ"
    "/g6qnFXd3cQ1E3zLyy6eRXFdfFRJAGS0RIJE9ruz23dn7y9637az2n6lb0ykTblTe8l7OZF8usl"
    "eWTA/iRoHm9OrxfOfyJNsbMv4mQiEXYIeydTb08ffPBIyVQvo1EXqvd4ivRlAnZwjY/ApwY/6GB"
    "ovG8yvqE9Yp2+PJdorieDrrtF3d32+0jR6UDKNHmSnUciPrNUfHNc8RWPevoPFDqtfiRdDXq+aP"
    "hIAeCvAC7k9k5lu51IBOj8nnVgTRadlYdW9zZp2A8fZQM9JSdBy27Tckgrvn7nvMuz8wgX1ClaP"
    "0032ymLO/waNrWm89dKY84o/EXt+MKqQj1fbv5kINiyqdV1PL/z6zCOumB+ZOsDecIwkzPIKz8a"
    "cK+hTne76SQWiKmRl5Im4yCUT1a86ulX2KL1zpFm+0QN3EcFSVnjY9VTMitGMu4/ElRGtOhyW6E"
    "J0tfEBKc0hh7PRF4Yf1KGxMt6dyRdSI9yfkOCo2SArIR80o558Iyk9HKvt8fpFVWv+8CAjaCQYn"
    "ooxl4909fsPH/2pvPeF3cuhfWa9v/x0HwTaqh/ue3qJXEbX+qHcd2w0mMMgHzyS3xd6cPlENxuQ"
    "EWXqCIV9dM2ROqF2gh+J+ML0S9CJVLKgUvHBAxj35BuOkAxdyRx3/YcL/CzQTIkkIMeOOt72GY2"
    "5YzcN7+fDrt52n6QUxEYFsVFxoB//ylMlP2XHBsWkgJY6rxK3EkWcP7UNnf2kJDj74BzkOwc/Bl"
    "ov8Atid0tdglGyXSXCmOgwdofLuVIQl2KHCjKftCcTNT3JSXbie7pnsThLnfmTgZpeBkRPtk9UT"
    "1Eo3L2QppxZx4O+MH1e+zpS1uVnNObOY4YmdbvzWNPTGYunrCfs+Hn7QErmq0hkc5PV652fqVpi"
    "wt7pUvM88xXeqWi6wpr1ahbs1zGVkUB4zrpyzPXyW2BSdDeBU7/oHd1T+1579XggffRsMLOSHld"
    "si0qZsTtmiTbi2hUbrUf5x9cJbObtIWleIWleQj5TvEJcRj7zMktTkvSddUMSCEUgFCmbx1UFyb"
    "AwFIndLZ3P3WS7SqFImHBTcYBK8qkpV8cKuixFBAHEPfbu1UaU2VhOytRDQ5VulCOAK5EhyWe7X"
    "FXHDaZ14Q+UQ1HT9iWltlYlo5+k/jnasfIYmM3XOJvD1ANTz2qnnp8Idr0Bwbm0yYubpRPPONGs"
    "wp7KYO3oO7GHBs96OlDPzdslWdywwbwQdFrHRi0kYBml9jIK2CywWau1WR/I8ydV8pljsea3Su2"
    "VOpnCnbdaaq4+M486gY+KkRRVHivjHsJCFX0r55ZLf1dXNe+h8DfC7CmXWldianWdB/e1qHxhO2"
    "vr1vaUHEP5e+xsjuh8n3lnwUbxbabNQmPYXgPajqzZdg5k2SGTWiOlU/t0rGbHYrUNxA1wM0fmp"
    "QbIcRnAuRrOvppH6jpckRBskm6by5Wsl8Wi3qEICwn4foq/n/a4tbce9nLXc6N7Sx1bETWrEIhL"
    "ge8EUlXziLgud8NiyrF2FVVKVvEP+WIqLTGx38qbKDgWUjfDyFNURAJTO0j3Bu0HOMe9Xe+jGiQ"
    "D2uJGvYzkcKRgg7q+tCxU/bd5rlLfq4GSY2Kg3zbr9wFTR36KSl85nIiFOYC0WGeKzvoHR2+OTg"
    "9PjqIkQHSlLPbPFj7rLWx6hqzj6CWluseMs5ZYaQGa6VbDuDDYq7bZq5b49Z/D86ZvdGFBL8e7T"
    "7Uo9fGj06v5onGVY0fmnvPCsVbbuKQvGfaHwk3S4Z6s2ZjHcs/UC711VaipstOPTO0cy2NDWe+j"
    "crPZYeVo6vTTBAWqrigNG8wrDmK7wv9QZ6jmXS+MG1w+y40byhLgCxlIgq8mCV5vR9wqd8K1a3Y"
    "8rlJpIluVnNuRqTWBQp41ngkpTdYTtetVIcRlOgjy6slukvNC1fxOUgqWytIF5bGZtHI9eUwGAE"
    "3b2ZZkIDsBJnAEmQC8E9FcQs0BpYOJmhOSELO3TcttidmFvP5ejgBWdOxIqsVeacyu2lp2onHVn"
    "eJoKuPnMfeDhbD79xLX69vLm2vrw8X/3b8NmEeoQCOX+1MZQg+eESNUr6kFuyiZjKl1tUr+Po2V"
    "PkFRytxHf6be23EvJ6v7aAtIlAEIDzHdU8G/IlSxVVvV4l7vR74vDvYH/vCR6I83gediG3PCfYt"
    "7HkHNTjY3kJRI9Bo+TKcH4l3lNoJCuVbmCBYDps48sZACV6B1k0SSMDb2KVYNpRNCEEtXiKULmC"
    "WKIS7ilegCvAf90yo7u/qnxVu71D3IVkC2YtcAhUrpda9Ku0T+pblVFaVrSzGpzhRVbJhzTq/m1"
    "8R9IQOoGzL9MbXCy6wgSDYb/cV9gFZMtTJ16ZDYxgrJEQddmOliOFZ8PCpnaSk6WUOVlPUCmjHT"
    "jPS+J9PwAKKa6siIgg4Mvw6Jo0M0jZ2JHnLFQReGusDDsSrvNdFDWhR0YKaDYM+XfC8jNeRJgyZ"
    "MLZPwLIYZr22S4nJG6LdsVfLFMbOeEen+jns564bhnb2y9UK8aLNsmbBYBSsmRH0pq1UNN3KUcD"
    "MTt+4yRUyki9mz4+NKVavHJVWrxxmGtGmtk6TD5h1Edy2nM8onerlnSf98e3NdNJlFIumVVDr00"
    "N/IoWIXj8UoAVeBkVg+nWP66urstzTc7z7enKfz7qqD821PZt/+HwQLjhY="
)
