"""Destinations: where events and requests are sent, and how that goes.

How it goes has a table of its own, which changes of a destination do not lock.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
CREATE TABLE "destination" (
    "id" UUID NOT NULL PRIMARY KEY,
    "name" VARCHAR(200) NOT NULL,
    "kind" VARCHAR(16) NOT NULL,
    "url" VARCHAR(2048),
    "ciphertext" TEXT,
    "encryption_key_id" VARCHAR(16),
    "has_secret" BOOL NOT NULL DEFAULT FALSE,
    "has_headers" BOOL NOT NULL DEFAULT FALSE,
    "events" JSONB,
    "requests" BOOL NOT NULL DEFAULT FALSE,
    "filter" JSONB,
    "is_active" BOOL NOT NULL DEFAULT TRUE,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX "uid_destination_name" ON "destination" (lower("name"));

CREATE TABLE "destination_state" (
    "destination_id" UUID NOT NULL PRIMARY KEY,
    "delivered" BIGINT NOT NULL DEFAULT 0,
    "dropped" BIGINT NOT NULL DEFAULT 0,
    "last_delivered_at" TIMESTAMPTZ,
    "last_dropped_at" TIMESTAMPTZ,
    "last_error" VARCHAR(300),
    "last_error_at" TIMESTAMPTZ,
    "failures" INT NOT NULL DEFAULT 0,
    "failing_since" TIMESTAMPTZ,
    "retry_at" TIMESTAMPTZ,
    "owner" VARCHAR(64),
    "leased_until" TIMESTAMPTZ
);
"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
DROP TABLE "destination_state";
DROP TABLE "destination";
"""


MODELS_STATE = (
    "eJztXXlz2ziy/yoo/TN5VR5XfCTxJltbZSeeGU8OT8XOzrydbNGQCEtYU4SWAK3o7ea7PwA8xFsEqY"
    "Oiu2oqY5PdIP1rsNHd6G78ZzBjXIw9wg9/89i/yEgMXqP/DFw8JfKH/M0DNMCzWfKWuiTw0AnoE2RD"
    "Ljysx7vHDifykk34yKMzQZmriN8RhwjqjhFzCXogZMaRmBDksfkB4kz+jAWaUC6Yt0Bc4AVHHsG2et"
    "QBwq6NiIc54YgKLrkX/FA91WYj+Vg56KYe4Lv03z6xBBsTOZYnH/PnP+Vl6trkmwQj/HX2YN1T4tgp"
    "MKmtBtDXLbGY6Wtfvly9+0lTqpcfWiPm+FN3ST1biAlzY3Lfp/ah4lH3xsSVbyiInYDY9R0nFEZ0KX"
    "hjeUF4Polf1V5esMk99h0lqMFf7313pOSDpswmDj+kNj90ydyi9t/CN0xQW9an61vr5vLWsgY58ao3"
    "yQgkvDRirpoa1BUKr/98D8Zd4qKvDtQD3v5y/vnZycv/0UhE8y1EbfBdM2KBA1aN/RJs/f8c3G8n2C"
    "uGO6LPAC5ftAnU0YUl1stvIIIvAmgDkA6m+JvlEHcsJvLX4+fPKzD++/lnDbOk0jgz+dEGH/On8NZx"
    "cE/hvcTXoY/EMgU5xdQI6XDKGszp/YZZKtRHahPPBOUkTw+n88vTGjC/PC1FWd1KgzyUat7yPccE5C"
    "TPWmZypzA+fn56Vmsyn55VzGZ1M4005ZY0CaQWyEN9wZhDsFuyGCb5MnAPJeOmJnWkTba77F1cX39Q"
    "I085/7ejL1zdZlD+8vHi8vOzIw2+JKJCX776dJsB3CPyj+WCWzPiWVPq+qIA+itXFMNewp0RgPyL9n"
    "C+j9VL/Hh8dPrq9Ozk5emZJNHvGV95VSGhPNDq85lhDzsOcawINwOoS/kB7DzYEiU2J7YVGKl5lH+9"
    "uf5UDHOeM4OvTUcC/Rc50i3YP5wrQFSQpHRKpKiffTz/I6vD3364vsja3GqAixI5MI+OqdtIEAlWkE"
    "RzSTweWTOP3NNvJjZMiqmPRswGDPJ7TB32WGSQl8/1JA9M8uaTnHLmYP2SBpM8xbQ9d2jgMpfkQybx"
    "1XVM8Domerl9njPOE8E7A1czYgH9US9uwkbGUzjJAzDXgtl3p0QQjxSEXMtxTjFtUVVoW2hT4dWNqg"
    "zi2pbPpXN477GpNWT2wtCxLx5gix5+fCUJffGGRcdc+6Fvj0mRj1luiCRYwA5pbofMmENHlBhBn+QB"
    "7JtjP/KIwsbCBXbKO3lH0CkplkCaMyuDkPUw+mEPw+QVori9+nh5c3v+8beUPN6d316qO8f66iJz9d"
    "nLjIziQdDvV7e/IPUr+sf1p8us2GK6238M1DthXzDLZXML20lMosvRpfT6PbMbijnNCWLutJhttUPf"
    "SMxpzjWIeX/06l5IWWVB3D8ktubVhSEePcyxZ1upO8vpoLIsCgzIkOun959JqSsfZ6p8mUkYCZ6+J4"
    "v9/biXV8OZmfpqBHsgRdFWM6Bu1Sh9gkjNMHbMyuZc/tb0eJq9gl081n+Sevb3g5J5VZgilZl4VWlS"
    "fkhqPYS0K3Ol5KBoKmXkUewg6U49EpXLRLlKZkI2GXmLmRQgYq6zQBIShjAae9gVQSKTSx6JF1535X"
    "98Trx8utSGnrE6Y+rPZByJ2oN/QgpVF1KoJArEKCciZthi7GQ7YZONxKgm4V5uXXgj+h7m9By9rAHv"
    "UdaGWaKrbmX8RDqTykaQbwUQ38qrJT5iiqsXQFcZkpd/3FY76LEd+eH6088RedZrz4YE9UIh31Ktbl"
    "aRxi6f4oXMmxLD7lIF1z/d54SOJwVTvTTfZMnQKMGk0Sw/2hS4a04vaZyl5qpY9pYD2HufohajbQ3J"
    "PfMgNXBb+wfMd+XwzEQ/J3n6txN5UsvKO6mw8k6KMrgp86go2Bgr1c1Jlu1p5+dZjJ93RyNDhva2Mr"
    "QhkawI675UdnQa5vUXdmBfDmyAb0TfP2yPjutoC0lV7nMc53SFDnBZUzzLY1y+EZ5igp1w2AmHzbPK"
    "LdIwNF4YSCkPfae51hkC765oV4S6czuSNTJff5L+KB2778lCw3wlXwW7oyJXs6hSfj+hzW2sycsens"
    "e7MZm5JTEI9uK1CM5v3p6/uxx8L9/t3c4uXbC5WblPF+9/1tqpEzH1yr2631VfAaxaBqA55oh8G02w"
    "K98X3TPvAPmuoA6iAhHXLuhZYMrcoh9BWXi2XKuUxmS3t6mmn6T+Od2z3TTOfG9kVC2/5OjFRsSmjX"
    "3Y8YEdny6JYdNbPvdEjCaN7P80J9j/nbb/ybcZlcM1EHOaczti3uae6r5L2SBFcrNGc4WxXMtINrCN"
    "rwRHnIw8Iv+PPd2LiyN2r/pyUQ+xuXuAhmSEfU6kEewxobMY0ZyKCVIVtA6eoYk0i8WcIW0n6ymcM6"
    "I39hTIZdvTXLbutwODTDaw8wrtvA4ZAPsTcd8LAyDdqOlRrqJNrPk0J0i5y1JWqqK8OdQFHVf2h+pp"
    "W6i/HB+fnLw6fn7y8uzF6atXL86ex+ki+VtVeSMXVz+r1JGUdPO5JP/2pcFnkRkbFewNl+Kf4dphWk"
    "5HkyYDgFTSjdnETvP1BtctT2ro87elaQ59/qDP385x3naqSYQmce0Z0y/RQBQpZpBGe2nQWSM5hGwg"
    "geYSEHhsBH1ED5g3xxzaHUG7o6eHfWghSmT9ohBrlWOVYwXfqplv5WCJos8bBeeyvBCe63J4DlKqn4"
    "SYIaUaUqr7lFKdSDINkh4KDAXz1lA3eqwegb7hBlFJ0MpzaZaorsyosfiSdmVize2EIJuOpcGnEl1w"
    "mP5yiO6Wm8B3iKq0GEng6nPwmGPrk/E0fWEWTD6zZnOPqZNaEyQaQUpNJ1JqgmmQB7w87WPJsZ7Ejw"
    "4d/rb+dHZI+3gKpih4HE9CzMF6brY8JXnA26j2NuIM5Na+Rt+6omY9jeSs6ljpJpd3PgbJB8WFmwmC"
    "Ffazr0gTmQz17GcVrEOnZ2jCfK+gNLOYpMBu/XMw9EcPgeWe9uxS33SimYe2BdUP0SZpYOQW5ZWH3O"
    "ETJNWfqVGj60Y2clUYuVABFcSOw8nWXXtti7HjcqN5OTFM1vrEdIJ1vsvrPEQW1+Z4gvG0MUDhUPEt"
    "+O/xkl4X4Zihh/BupOootpUMQE7yAM71cG5WsNA6txUyDwbE85hniPuSB1BvhvrIocQVVhPwc6wgg2"
    "YyiPsuNZFCATPIoZkcqDti05mOERmJIM0H6Df8CtwH6WmqrvIqnNVsHS4fA6TSVCozj46I3VggBex7"
    "3eZ72+uztO7HeufLmjCnqRiqRgFp1JfGzJOKXlilZ9JViCDHChqp4RcRrLWqiVoTORSygywaygLr3m"
    "qN5JBlBRk0rYbGnLnyvRqJoYgbJNFUM3Fhudhlxiopydej2ugt4z9cCMItWpAbUYV+kgtmfhvkmW9Y"
    "tZViA+ybYS/E/dB6bgb8kgdQb4H6UQPUjwD1lqgfN0D9GFBvifpJA9RPAPWWqJ82QP0UUG+J+osGqL"
    "8A1Fui/rIB6i8B9Zaov2qA+itAvSXqZw1QPwPUW6L+lwao/wVQb+slNXFOj8A7bY17I/cU/NPWuDdx"
    "UI/AQ22NexMX9Qh81Na4N3FSj8BLbYG76iUxIdg2jfum+QD9lugbLrBpPkC/JfqGy2yaD9Bvib7hYp"
    "vmA/Rbom+45Kb5AP2W6BvGh9N8gH5L9A3jxGk+QL8l+obx4jQfoN8SfcO4cZoP0G+JvmH8OM0H6Lf1"
    "tpo6uxBLXg/+jd1d8HfXgn9Thxdiy+vBv6nLCzHm9eDf1OmFWLMp/rnugzvtk/cL871BeZc8ffugTo"
    "+8SUS5skPepZw7cr5IaeRb42XuQU886IkHPfFaCAZ64kFPPOiJBz3xtgwl9MTb915t0BMPeuL1z/eC"
    "nni7Rh164u1eBtATrxtygJ540BMPpAI98bqEP/TE65I0oCfe7mUAPfE6JAvoibdzGUBPvK5IAnri7R"
    "Z/6Im3W+ShJ94usIeeeDtDHXriQU+8p4I69MSDnnhPBXXoiQc98Z4K6tATD3riPRXUoSce9MR7QrhD"
    "TzzoifeUcIeeeNAT72ngDj3xOoE+9MTbJfrQE2+X6ENPvF2iDz3xdok+9MTbJfrQE2+X6ENPvF2iDz"
    "3xdok+9MTbJfrQEw964j1p/KEn3m7xh554u8UfeuJtC//O9MT7HBQqfmDjQWFTvMT9g+queGHJo+WE"
    "pCvb4p0jh9hj4iHiCm9xgDBHGHlsfoiuBEfURpQjMSEoHPgHfQ278rqLmGdLRnaPdL+yQUa6axz6q/"
    "vV1T360D11RHhDcjqUCzRR47pIT1V5FQv5PJurQRQJtQ8QZ8F1jGZSAsglc/m4H++pJ7kp/+p68vOJ"
    "H/pGvSR2JV34dPWaiUtUjv3sTv57qAewqKo3vfufssaBK3r+yX9z/f6ia3H3oOgCF1j4PHmF+WLEgh"
    "Zx6pJRh8DyTlvr77G1uk3g4K/3vjtSsxLpJ6l/Tv822JCOadN0q7wTIDbuAoihAyB0AOyPaKEDIHQA"
    "3CmUm+4ACP3pttOfbirtJ1agGypaLcYcPcT46GUNiI+ya+QSYXULWlludwovjfU0xDdT7Dil3vySa3"
    "uO/CZxDnz5k+NXL2PvXf1S5a/ffDz/8KEgQLJ0derO2QRLH2dtndXtuHx1O86tbrqfmAnAMUMP4T2r"
    "ge5ZKbhnWWx33lMJeme87lBXJZDG6w70VQIpvO5MZyWQxWvorbRr/Pept1JPwd+X9kq9g18XLBV5rC"
    "urnFo4rKB11IaPLxFSRqUp+hlGmPzt0y9MRZBhBBG08wasuUcFae4S5PhBK61DHkeT1iJJDQFSaSoV"
    "7NuUSVtz5jcLJhXzgzzayUNan+0EkhsAJNJUInSqTsVo/oUU84M82smjxRdSMgBIpKlE5mRocYI9uT"
    "gbiiLLCTJot25wIl/GbrRiJFhBCk2lwIn3SEfSX6BmiVNZvkb7n12TQGr78+S4xv7nyXHpBqi6lZnx"
    "Lp8TzzLOPMny9Q/rjeSf6C0BznxvZLSln2HrH9jrTwqMzyYcySlqgnWOEdBejfYDWRimDS85WiQNdw"
    "zl9eQMYyHIdFZ0zNqvN9efykoWljzZwgU6Eui/uiqnV4gqMNTIcbFCND+ffTz/Izt13364vshCrwa4"
    "KDzyzkg1xxz90xN11ES5lsgpCY/c+xw7xho5y9c/oNevkAUeGymQiB6UR3PlQVy14WTmsyR5+jevj4"
    "7rJGxKqvIk+WOdtNmZouBz6eaLy0fiikFhUXDi/kF1UbAKGAiLxKQri4KvXVVb65Kozlah7uQLfMvJ"
    "6hTCyjdgetpFxaxYl38mrwi14CVLZftR4KpdWX6oaohdMpd/HtS5Qp3r7utc4w+ydmQmYuhh+v9GYj"
    "JLDWcAccjRQ4w3YYvqBUODZIByhq2HUK8/nJtamw2BLlx/e2CEbiaQO1GtR4xcrARLKy+r0ZxOGDpD"
    "nzqCuvxQPXYXRs5GnC86M5nyAXX/5vr6lXfUu8hMpaS5AOfVOEMl7UbK67sTOLCn1P3CtdtdFDeIbx"
    "+sCBsowjhkVKOVmIvwaMR8VwTttqZ4gTgdu7oVF9MRAj2k7sLFC/qFmfOvjjNAxKALEQM1ifTPBjon"
    "ybMepbMa8u2pnBd1LEVJVa50XuQsxRnmfM6kAplgPjGBOsfYQyV//OJFHdv8xYty21zdy5gszDHbXw"
    "rpt4dvoMU3pS023aaGcktFQB4LQL5gEkvslqjrJF8G7KFk3BTakULZrmK+uL7+kPJyLq4ymW+fvny8"
    "uJTYa+glERX6ckHRh0cUJJZ5iDfNCaHeTod6HRz0iJX2nbmkc8xrEHbHXLA+yTpe3IOoUJNvu2QI+M"
    "g7J3gDJzSZBc25xKkoDT3k/On9Z+Lgkq2ItGd5Ewy2v7JfXg310vctuOsRauUeewLX1U47TxDXaAGu"
    "vGxi/yhd66HH5tLvOkS30tseMfZAyQ8ccSJXd9UrG3HBPGKrVt5UcGRT6YgLxFxnUdT+e13D1skm0G"
    "EKyA/ohLcfyM/EL1py9M7TX3/8Fmz03i7fORudE9LYRE/wgqg7LWrybUblcA0Enebcjpi3qUv7JGXY"
    "N95Q/ZU0/SxpXZu1ZU9zbTEgu51Y7GmtVJTTilSU03wqisbMzJROsMCRDUW7xGl089D+JD0j6Ue9Jw"
    "sN8JV8D+wWFmcW7/DuJ7I5J1xe9vA89uyS80pCIP0lEoS0357fvD1/dzn4vqvd94/61lTqlVvVqmJQ"
    "6NFniQ6qnfppTB70v6jn138mj5LYln404Qh7BD2QmTjQJ2w9EDJTG+rUQ+rdXiNdIqAO55K++IzgB3"
    "3Slcg79WsaE/btu6ORDio8edM9+/7u19daTo8qltOj/HIKcZKN2oUTw4N6IvoeJj+sf2eej5hZjn3M"
    "APDWgBdifE1Wur0LCeg4nTRlmwg6ywu78F2WtBcYzg3knOYEKXdNyp3J+/6V+Z6Lnd8Yp6J0LzlLdF"
    "Dtef4rILdmSfqVnudH9kjs6ARmLl9BlYa7PChmVLu8Qm8D+64gHo/OZh5iMZogCba8wvKe5xrGVMdI"
    "f1buqHJcXfJIPOSRqRpXnREtR5Q2OtLHCaB75iGCJS8X2BPKc8VozrwH4km/Vp1CTXR6uiqKQEp+yG"
    "Hu+KuL79Xp1NLrncsXUvPcn5LgTOsgQiEfNKdCvpHkHk1U6bx+UUXN7u+lH424i2d8wuQjPf3+owd/"
    "Ju99de/kBD+33l19vgvcbTUO84XeMJc+tn4o8x0bDSMY5IPH8itD9x6barIhGVNXndVyiD4xpI7Cnu"
    "IHwr+6+iXoVAqZUyn44AEuE/INx0g6sCTCXf/hHC84miuWFOTYUedoL9CEOXZbJz+admalQGku8JBK"
    "PKRydz/5lWcSgarOJ0twQf/7ovzcWr0o/Znd0ORPc4LJDyZCmYnwcyD3UusgcX+FYTBOU9ZqKSOXqU"
    "N0JRcih8kVkxOPYodyEi3d06lapORSO/WFHpmrZTlYIV1/OlSLzJDoJfeR6oUKhZUN2aY0m3jQV5d5"
    "NvE2Eb6uPhK2cDVrqFh3u5q1PQy2fOF6xI5fVCNSsWrFLNtbsp7v/XrVGUX2VieiFyux8F5tBRZmtd"
    "fTY79PqPQKZh77FxlpI11vyAWKRQ8TGPjL0dEdte+0hY+H0l7POzZrGXHNGqmyHX/P9NFWzLxy1fUg"
    "/3gTJyeihzB6jTB6RZOa8j3jqiY1TzNpJd0z2NQ9AbcE3JLq1VxllYwq3JLE/RWrupemrOWWhCE45R"
    "OosJ9aeLXfoNNVeOBM3GFxpwpV5hO5NFOBRioAKecBUywjUtwbc10Dt1jcuT9UZoWhBkxz7Sx7Rj9J"
    "/XO6Z2kzsKZvcE2HBQgWoHUvQL8Q7IkhwSWtlpe3Vyw/kxRhjcrLYE/pB36Ahgu9KKhnF9VSlhO2WB"
    "2CQU001ZIDtleMt1dAc4HmWrfmek8Wn1VKaKHeim6u0FrqgBwvoluptL64gjqBvYqRZFXWq8sEwlwl"
    "hitDl0nbV2c+H6DwN+LaMyZlr9jU3jsL7mtW+dJ2XuNt7CkF6vLPxBFB8TFj0WBBUfkuA2mhSuyuGu"
    "1GHG0350LtkWI1CPIYH9LX7nS+roG4ha7OsXoxADnJAzjXw9lX64ip2RUzQUF11wyvdE4t5mbHKSw5"
    "4Psp/366ZNzeCCxK9nnjuzXMWx4T1nDKJcMPHKn8ekQ8j3lhwuVEG4wqSKs6Fvl8JvUxsV/Lmyg4o1"
    "aTYSRU8yKOqR0EgAP6IS4wcjf7qBaBga4YU08jXBwLuEHuX5YX6gO6vGKp77WBkBNsIN8uy/ceU0d+"
    "ikpeBd0USyMBWbbepKQdH52+Oj07eXkahwLiK1URgHxytC520yukibmX5upfL52NeExL0JoWJSaZQV"
    "91TV91xrr/MpOwEjy91skGg0IbP0OzwtL3Q2qLLcnrHFsS2c9L81oVfEmLMhwPhUXVYfXWfMIScWgq"
    "QptdpXGqSPWDq2rMirqnbPZRhZHtMK80c4ZqqnWqzjcNCaJMhEQV+T/VSaxl19PDh05AeRtWj80L/Y"
    "qqMPmSB0Ll6wmVm1XVrbOarlur54s6uSmSquJEkFx2CqT+bPDMSaltHqltlrGQ5OkhyOtvm5NW6XXj"
    "P2ku2FDLJqIn1tjaeegJHgA0q2c7EqHsBZjQbagJwHvh7aXEHLSFaCLmFCf49F2Tcnd8ei7vvJNzwC"
    "0/ziRDc7DCp1fUlp0ir1ttjmbSv54wP9guu3sn0f10c3X9yXp/+b93r4MeJpSjscf8mXSxhwvkEqp3"
    "3oIaTFf63Dqzpbi+Y61PUM1p7uI/U9eE3Mkl6y4uHYkjBOEhqQcqOKBas9iKVlHc6ZrmuzfoTuDxay"
    "FpA271Fl/d8KBkjuYqOU5SSBFKSk2lYg3B1uMdcW195mvEyqZq7EXANcU2UdfL4w1Df/RAtJZIiWxZ"
    "bZ2yE5MmTpBClA9PpDlSo4YP05GI5FClRMXvlKSoeFpAb3bGDOT/bSuosZx4Jgvbkgtsl86tauleuY"
    "kvsa7vn2IC57+G81/SSKMc4rI2Gn2A9+j4rE7x2vFZefWaugfhFQiv7BugkAC+6W32yBw33AxLcPUm"
    "S2TLjfZ0eoIh7kseQL1he0NXbVa7VuDPN5v95WOAVJpKZebREbEbC6SAHWTRTBajiWo8pIKsluqh21"
    "AkVaOAZJpJRlrf01l49pKhOHKsIIOGX4fE0SG6X18TORSygywaygKPJipfuYkcsqwgg2YyCErZ5Hs1"
    "EkMRN0iiqWbiwnKxy4xVUpKvEfod20Z9go1o9Wbm33UQtHyz8+9RkHT1RmccT61TqKiJg8MpBB7rIy"
    "Nc1QUDqQ28IM9YH78oKe7Su653+viKCX4krxEnBN3JGUUcfldUo7ihp9RIVy7bfoNuHF34Bg8qduMg"
    "yr2BoCzsgcEe2N7ugXVmxb7wbbninDvEK6k5ShKsWLOHmtTCMW2NRZtP1PFTcrFULauCAdTxSuq3uR"
    "S5agqrD6lSjWORbmQVZQDZxKGPxFsoZvJIpLyKluu1j1+S56MGVreDQS19UJbla3z0K7Rbqjt7pPPe"
    "dhnodvdB6IHTLC9m+R3WXa2WHF1erga3k0h7/cBVreNBWPYYnj6nMx9VbmWQtig1lspyzOvD5sOsqB"
    "17Uat27EVF7diLrOFRoEnr+y8FzF0+jG3wxaXfkNIfb9DzwLkM1yrtUE6wavcYLlgFy5wxdyciRcG6"
    "mBNr9flPMVOnxfkb8UbSYlCyUKYEnqoU5bzcysnWfVhUYuHTDzH7mpY8nUb9nCeSs+VPrhwFu+xHm8"
    "lX8Xh8mlCRoWjE2o3PZ0ZM5RizdFmMHYztdMZbu/bFkH27EmQ6KHTWEvdX+GpMU9bz0lR1B5VjBsuJ"
    "cp0kgaBucP6WKrdgSK42+hxd6T0ROnZ1PwZBiWrHoG4HZR7FhSPrG3p1j7c/B4nxM20gIHDaucBpXl"
    "h1/eI8JwRQoTlDmQNTJ6pXHtPLZbUrjWY4XxMsMFHhjJunEKzh9P8K3L9y4zUk75Pt2qojYGes0s/k"
    "3ufY+YX5XrFZmiRYYZd6Aak1iWgbVjd/vvzpy835B115fCANS2ehgvjypm0TW5qNb6QZOVMHaCCHuW"
    "P1f+WBh+mh8tq4bpHzeh60onp4VZ2wnmB2fpMhm0JQViIcXQczuJNmMFTz9nohhPQQKILsPqBQBLnp"
    "Iki9hBsAHNH3EN/15zGFhqVxZviSCzLC9zBiHroegyq/pKZPUt8dCffzXDJXNn40hw7RleCJBkWhD/"
    "BDuNuuspI8O2iBrK2zQgdkPUOr9ko3DN2TOVLpUdpD0RF4V16kjpCkLiE2V7nNeqK2PUIFkpogqakr"
    "Ng/4B2YfU8fKavbePeglntCMegs2LByTuR1HbCrtG2a0N7rk6CHGR3VOBjgqPxjgKHcuAMQSNj2F1R"
    "GPRUmzK7IrY64+7bKtI20SYjMbXNeGC0G4RQsq+apiM0kuiM00SyINMGS+YSJpig2wb4a97XtBfppp"
    "cUOGEfDfw7jkpaooHBRGJYNbB9UxSRIT1YpIavJklDAbEgwChSp2yOX7qDOXPZ3GEB66TIrKF9Y5cJ"
    "3U3SgB0Thht7ORRm3W8kNq80OXqIPdIOAIAcfdBxwhM3jpnNUxdo/Ljd3jrp0o1svoI0Rze3GeWC+x"
    "VItnHslfb64/lVj3IX12jaQjgf6LHMo3Zt4nDJOhTx1BXX6oHrsLo0Thk1ouI5X67OP5H1lt+/bD9U"
    "VWEmqAi85Z/NfuiAzKrX59u47lb7GIcqX5f6v29TlTEWopCzRXGcjMsQ/ktWDPP7DEXSb0dYTHUj5v"
    "dBsUbahri10Z8PJfTYfufFdQp6A72mYf1SL9IEKrrkET0a/HoNltBnPmFNo6sWZJVXEObRhrLvcKtM"
    "xMHYOYaSvn6UGDlT08Tu/dsqazWIcmCVZoUTtDulKN/q610lK5RcEL9I6oTsrySlC9LH/Rpclc1Yq8"
    "Cc68U82leHRm/ZjJ+/he6BhIXodu8DlPJX9r36Mq+v8Gq1VE30f3exN7oxDe2ODWvu8ZbeyH5I2g7Z"
    "i7mJ25p3WqyhVZxdw9zdWWj+hM6m5BvhWEXm/l1ZLt6BRXH9Cusqou/7it9h1jo+rD9aefI/KsQ5nN"
    "vRp5C/2WVll0pCoJq4C5D1LYtDaZYG5xMvKKqh8vGHMIdosRTzNmoB5Kzk2p7vjKduf8xfX1h9Scv7"
    "jKTuovHy8uJfwafUlERcm+tIJuQrBNCo8FWwV6ghNQN0A9aDFrEihccrQKFXZMo2wjJljz5MGqqV5x"
    "kBTM86p5rjokmMzyoBwJZnm7WU65haVz/FjgV1ZO8xTfFud55N7v7TSXloeCxDLPkEhzQqZE5+KhKW"
    "93ZjcUc5oTxNw5MXcx7H0jsCjZP8xRHdQOgKs22aLmbuIvbB6djKBacAqGcKpl55gdRD2O4gMU5h4N"
    "YtVvJLHqoKTOQRoSNKWcyxmUj4Fv6iEtAuBd7UT5NAqbQykTwy5UKTZIk26Ypu6x2cwY+SUT4N4Mdw"
    "dzYcUzuIGFUTjAVnbXwc5oaE4GIgu+ncYST7GDvDsvb+J5zKhuPs3Vv22Ek1qbvicVm74n+U3fJWhN"
    "P6wkM3xWXf6s7jF1/NDhSYu51GBJsvTGYmnVXjgLqDoeW3pSRYmU1R9Pjhk+ni5/PB4R3qKBjkzygY"
    "S7LGE2d80a9cQM/bM11t/MwCGYS/O7URJ0lhe+o659R52JCp8Tj44mg8JYcHjvoDoCjJdUq8K+5eJd"
    "c07xU2ko39IyK4+UPhLP9Ez0BEsPM1w3cjap+qwMEA7Je4juUS1X/ajCVT8q6oPtisKzDcuzRBIs26"
    "+b3PM8kZ0uad//H27cg+Y="
)
