"""Refusals: counted by the hour, the newest as rows, and why a request that was let in failed."""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
CREATE TABLE "refusal_hour" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "bucket" TIMESTAMPTZ NOT NULL,
    "project_id" UUID NOT NULL,
    "token_id" UUID NOT NULL,
    "model" VARCHAR(200) NOT NULL,
    "code" VARCHAR(64) NOT NULL,
    "refusals" BIGINT NOT NULL DEFAULT 0,
    CONSTRAINT "uid_refusal_hour_key"
        UNIQUE ("bucket", "project_id", "token_id", "model", "code")
);
CREATE INDEX "idx_refusal_hour_project" ON "refusal_hour" ("project_id", "bucket");
CREATE INDEX "idx_refusal_hour_token" ON "refusal_hour" ("token_id", "bucket");

CREATE TABLE "refusal" (
    "id" UUID NOT NULL PRIMARY KEY,
    "at" TIMESTAMPTZ NOT NULL,
    "project_id" UUID,
    "token_id" UUID,
    "provider" VARCHAR(64) NOT NULL,
    "endpoint" VARCHAR(200) NOT NULL,
    "method" VARCHAR(16) NOT NULL,
    "model" VARCHAR(200) NOT NULL,
    "status" SMALLINT NOT NULL,
    "code" VARCHAR(64) NOT NULL,
    "bytes_in" BIGINT NOT NULL DEFAULT 0,
    "bytes_out" BIGINT NOT NULL DEFAULT 0,
    "duration_us" BIGINT NOT NULL DEFAULT 0
);

ALTER TABLE "request_log" ADD COLUMN "refusal_code" VARCHAR(64);
"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
ALTER TABLE "request_log" DROP COLUMN "refusal_code";
DROP TABLE "refusal";
DROP TABLE "refusal_hour";
"""


MODELS_STATE = (
    "eJztXWtz2ziy/SsofZlslccVvxJvdmur7MSz48nDU7Fzd+5OtmhIhCWsKUBDkFZ0d/PfLw"
    "BSFJ8SAepB0V01lbFJNEifBoHuRvfBf3oTLoKhT8Thrz7/NxkEvTfoPz2Gx0T+ULx5gHp4"
    "MknfUpcC3Pei9qlmfRH4WPf3gD1B5CWXiIFPJwHlTDV+RzwSUDZEnBH0SMhEoGBEkM+nB0"
    "hw+TMO0IiKgPszJAI8E8gn2FWPOkCYuYj4WBCBaCCk9Ewcqqe6fCAfKzvd1ANCRv8IiRPw"
    "IZF9+fIxv/9LXqbMJd8kGPGvk0fngRLPzYBJXdWBvu4Es4m+9uXL9bufdEv18n1nwL1wzB"
    "atJ7NgxFnSPAype6hk1L0hYfINA+KmIGah58XKmF+K3lheCPyQJK/qLi645AGHnlJU768P"
    "IRso/aAxd4knDqkrDhmZOtT9W/yGqdaO8+nmzrm9unOcXkG96k1yCokvDThTQ4OyQOH1n+"
    "9Rvwtc9NWeesDbny8+vzh59SeNxHy8xaj1vmtBHOBIVGO/AFv/vwD32xH2y+Get88BLl/U"
    "Bur5hQXWi29gDt8coA1A2hvjb45H2DAYyV+PX75cgvH/XHzWMMtWGmcuP9roY/4U3zqO7i"
    "m8F/h69Ik4piBnhKyQjoeswZjeb5jlhPpEXeKboJyW6eBwfnVaA+ZXp5Uoq1tZkPtymndC"
    "3zMBOS2zlpHcKoyPX56e1xrMp+dLRrO6mUWaCkeaBHIWKEJ9yblHMKtYDNNyObj7UnBTg3"
    "o+m2x32bu8ufmgeh4L8YenL1zf5VD+8vHy6vOLIw2+bEQDffn6010OcJ/IP1YEwpkQ3xlT"
    "FgYl0F+zoBz2CumcAuRftIfjfahe4sfjo9PXp+cnr07PZRP9nsmV10s0VARafT4T7GPPI5"
    "4zx80A6kp5ALsItkSJT4nrREZqEeVfbm8+lcNclMzh69JBgP6LPOkW7B/OS0BUkGTmlPlE"
    "/eLjxW/5Ofzth5vLvM2tOris0AP36ZAyK0WkREET9pp4OnImPnmg30xsmIxQF42YDRjkD5"
    "h6/KnMIK8e62kZGOT2g5wK7mH9kgaDPCO0PXeoxzgjxZBJcnUdA7yOiV5tnxeM81TwzsDV"
    "nIvA/FEvbsIHxkM4LQMw14I5ZGMSEJ+UhFyrcc4IbXGq0LbQpsKrG50y+qE7JGV+TvVimB"
    "KBtdB+LZxwjw4oMYI+LQPY22M/8InCxsEla+U7eSegY1KugaxkXgex6OH8hz0M1S5Rxd31"
    "x6vbu4uPv2b08e7i7krdOdZXZ7mrL17ldJR0gv5xffczUr+if958usqrLWl398+eeiccBt"
    "xhfOpgN43J/PL8UnYNmbiWas5KgppbrWZX7RJbqTkruQY178+8uhdaVjvxD4+p7WF1oY8H"
    "j1Psu07mzmI4qJ3+kt2JWOqn959JpTuZZEt8mUgYCR6/J7P9/bgXV+ORmflqAv5IyiJ+Zk"
    "DdqV66BJEaYfyYV4254q3x8Th/BTM81H+Sevb3g4pxVZqmkxt4y1J1wrip8xi3XZmvIztF"
    "Y6kjn2IPeQQ/EZVPQ4VKqEEuGfiziVQg4sybIQkJRxgNfcyCKJmGkSfix9eZ/E9MiV9M2d"
    "nQM1Zn7fyejmVQt/cvSONpQxqPRIEY7csnAlv037fjum8kTjKK9xPrwjtv38G8kqNXNeA9"
    "ytswC3TVrZyfSCdysgnItxKI7+TVCh8xI9UJoJcZkle/3S130BM78sPNp7/Pm+e99izwhO"
    "mFQr6lWt2cshm7eoiXCm9KDbtLV1v/cJ8SOhyVDPXKnIeFgFWSg9UoP9oUuGtOcbDOlGJO"
    "KCBNyjBNKkHb6ZMH7kN62pZw7/OQye65yfyclunebthJLSvvZImVd1KWRUy5T4OZwdycFt"
    "ne7Pwyj/HL9szIkCW8rSxhSGYqw7or1QWthnn9xQU4lB0b4Dtv3z1sj47rzBayVbXPcVyY"
    "K3SAyxnjSRHj6o3wjBDshMNOOGyeLd0ijUPjpYGU6tB3VmqdIfD2qnZFqLuwI1kj+/In6Y"
    "/SIXtPZhrma/kqmA3KXM2yau39hLawsSYv+3ia7MbkxpbEINqL1yq4uH178e6q9716t3c7"
    "u3TR5ubSfbpk/7PWTl2QtF65V/cPVduOVdk6mmKByLfBCDP5vuiB+wcoZAH1EA0QYW5J3b"
    "ypcIOa+KrwbPWsUhmT3d6mmn6S+ud0z3bTBA/9gVHF9kKiExsRmzb2YccHdnzapIZNb/k8"
    "kGAwsrL/s5Jg/7fa/iffJlR2Z6HmrOR21LzNPdV917JBiuRmjeYlxnItI9nANr4OBBJk4B"
    "P5f+xrPiiB+IPihqI+4lN2gPpkgENBpBHs80BnMaIpDUZIVXF6eIJG0iwOphxpO1kP4YIR"
    "vbGnQC7bnuaytZ+SCjLZwM4rtfNaZADsT8R9LwyALFnQk1xFbaz5rCRouc1aVlNFNUHRJR"
    "0u5SjqKDXRn4+PT05eH788eXV+dvr69dn5yyRdpHhrWd7I5fXfVepIRrvFXJI/QmnwOWTC"
    "ByV7w5X456R2mJbT0qTJCCCVdGM2sLNyncF1y4MauOa2NMyBaw645naO86645ghzJ1y/hI"
    "UqMsKgjebaoBMrPcRioAF7DQD1DlDvPD/sY2tFIhuWhfuWGfkFUbDz7ex8D0sUQ2EVKMrL"
    "QqiozaEiSO99FmqG9F5I7+1Sem8q4THagC8xFMxpim51Xx0CfcNkRWnQqvM6FqiuzO5wxK"
    "LtyiSPuxFBLh1Kg08lXeA4FeMQ3S82JO8RVSkasgHT54Jxz9Unhen2pRkZxSyPzT2mTppH"
    "lPQC6R2tSO+IhkER8OoUhIXEepIQWnQY1vpTqyEF4TmYouBxPAs1R+u52fKUlgFvY7m3kW"
    "TDNvY1usbQmfc00qOqZWWEQt75GG2ElxcRphqssJ9D1TS1q17PflbBOnR6jkY89EvKBMub"
    "lNitv/f64eAxstyznl3mm04RS2hbUP0w37CLjNyyHOdYOn6CbPV7ptf5dSMbeVkYuXQCKo"
    "kdx4OtvfbaFmPH1UbzYmCYrPWp4QTrfJvXeYgsrs3xBONpY4DCIctb8N+TJb0uwolAB+Hd"
    "SAVMYisZgJyWAZzr4WyXPN84zxIyD3rE97lviPtCBlC3Q33gUcICxwb8gijowE4HCQeQjR"
    "ZKhEEPdnqgbMDHEx0jMlJBVg7Qt/wK2KP0NBXDuQpn2a3D1X2AVmy1MvHpgLjWCikR32vK"
    "6W2vz9K6H+qdL2fEPVs1LOsFtFFfGxNfTvSBU3k+2hIVFERhRrL8IqK1VhF62eihVBx0Ya"
    "kLrHm+rPSQFwUd2FbmYsGZfC8rNZRJgyZsZyYROAwzbjwlpeU6VKe7Zfz7s4AIh5bkRixD"
    "Py0FI78J8jw0rNrKiAH2dtgHwUPfeWkG/EIGUG+A+pEF6keAekPUjy1QPwbUG6J+YoH6Ca"
    "DeEPVTC9RPAfWGqJ9ZoH4GqDdE/ZUF6q8A9Yaov7ZA/TWg3hD1cwvUzwH1hqj/2QL1PwPq"
    "Tb0kG+f0CLzTxrhbuafgnzbG3cZBPQIPtTHuNi7qEfiojXG3cVKPwEttgLvikhgR7JrGfb"
    "NygH5D9A0X2KwcoN8QfcNlNisH6DdE33CxzcoB+g3RN1xys3KAfkP0DePDWTlAvyH6hnHi"
    "rByg3xB9w3hxVg7Qb4i+Ydw4KwfoN0TfMH6clQP0m3pbts4uxJLXg7+1uwv+7lrwt3V4Ib"
    "a8HvxtXV6IMa8Hf1unF2LNpvgX2Ad3ypP3Mw/9XjVLnr59UIcjbzRvuZIh70qOHTlepDaK"
    "1Hi5e8CJB5x4wInXQDHAiQeceMCJB5x4W4YSOPH2nasNOPGAE697vhdw4u0adeDE270OgB"
    "OvHXoATjzgxAOtACdem/AHTrw2aQM48XavA+DEa5EugBNv5zoATry2aAI48XaLP3Di7RZ5"
    "4MTbBfbAibcz1IETDzjxngvqwIkHnHjPBXXgxANOvOeCOnDiASfec0EdOPGAE+8Z4Q6ceM"
    "CJ95xwB0484MR7HrgDJ14r0AdOvF2iD5x4u0QfOPF2iT5w4u0SfeDE2yX6wIm3S/SBE2+X"
    "6AMn3i7RB068XaIPnHjAifes8QdOvN3iD5x4u8UfOPG2hX9rOPE+R4WKH/iwV0qKl7p/sJ"
    "wVLy55dLy46UpavAvkEXdIfERY4M8OEBYII59PD9F1IBB1ERUoGBEUd/yDvoaZvM4Q910p"
    "yB+Q5ivr5bS7xq6/sq9Mc/ShB+oF8Q0p6VERoJHqlyE9VOVVHMjnuUJ1oppQ9wAJHl3HaC"
    "I1gBiZysf9+EB9KU3FV+bLzyd56F/US2Im28VPV6+ZukRl3y/u5b+HugOHqnrT+z9VEQeu"
    "4PyT/xb4/ubXEvag+QUR4CAU6Ss8DAY8oohTl4wYAquZttbPsbWaJrD314eQDdSoRPpJ6p"
    "/Tv/U2NMc0Id2qZgLExiyAGBgAgQGwO6oFBkBgANwplJtmAAR+uu3w042l/cRL5oYlVIuJ"
    "RAcxPnpVA+Kj/Bq5QFjdAirL7Q7hhbGehfh2jD2v0ptfSG3Pkd8kzpEvf3L8+lXivatflv"
    "nrtx8vPnwoCZAsXJ26YzYl0sVRW2d1O65e3Y4Lq5vmEzMBOBHoILznNdA9rwT3PI/tzjmV"
    "gDvjTYtYlUAbb1rAqwRaeNMaZiXQxRvgVto1/vvErdRR8PeFXqlz8OuCpTKPdWWVUwOHFW"
    "YdteETSoSUUWmKfk4QBn/z9AtTFeQEQQXNvAFn6tOA2LsEBXmYldahj6NRY5VkugCt2GoF"
    "hy7l0tachHbBpHJ50EczfUjrs5lCCh2ARmw1QsfqVAz7L6RcHvTRTB8NvpCKDkAjthqZkr"
    "4jCPbl4myoirwk6KDZuiGIfBnXasVIiYIWbLUgiP9EB9JfoGaJU3k5q/3Ptmkgs/15clxj"
    "//PkuHIDVN3KjXgmpsR3jDNP8nLdw3oj+Sd6S0Dw0B8YbennxLoH9vqTApOzCQdyiJpgXR"
    "AEtFej/UhmhmnDC4kGScMtQ3k9OcM4CMh4UnbM2i+3N5+qShYWMvnCBToI0H91VU6nEFVg"
    "qJ6TYoX5+Hzx8eK3/NB9++HmMg+96uCy9Mg7o6k5kejePFFnmqieJQqThE8eQoE94xk5L9"
    "c9oNczIbemcvJC+kLB1RNhQa+0cjJ1/2B55aTyqgKHJE1XVk7eMFWAyMi8GFFB7hWrIKub"
    "1akWlG/A9ZibV/xhXSOXvhKoWSFdT9iNKkBt74tDVWjJyFT+eVAMCMWAuy8GTD7I2u7rXK"
    "CDOdIbcVwXM5wBxLFEBzFevwcVLxgaJAOUc2IdhHr9Ma/M2mwIdOn62wELdDPRrpHiZzBy"
    "ZFMijfxYqzGdMnT6IfUCysSheuwujJyNuLd0YjLko9bdG+vrn7znBC9mU0pWCnBejTOUG2"
    "6kBrk9gQN3TNkXod3usrhBcvtgRdhANXTCecvVfEsM4cGAhyyIOInGeIYEHTLNV8R1hEB3"
    "qamKRAmpkrn86jgDRAzaEDFQg0j/bDDnpGXWM+mshnx7U85ZHUtRtqqedM4KluIECzHlcg"
    "IZYTEygbog2MFJ/vjsrI5tfnZWbZurezmThXtmQfi4/fbwjWbxTc0Wm+byoMJREZCnEpAv"
    "ucQSs4rpOi2XA7svBTeF9nxC2e7EfHlz8yHj5Vxe59KDPn35eHklsdfQy0Y00JdLMuN9oi"
    "BxzEO8WUkI9bY61OvhiEhT2nfmmi4Ir0HZLXPBuqTrZHGPokI233ZFF/CRt07xBk5oOlVU"
    "CIlTWa5uLPnT+8/EwxVbEVnP8jbqbH91v7gaz0vft+Cuz1Gr9thTuK522kWqcQ2eZOVlE/"
    "dH6Vr3fT6VftchupPe9oDzR0p+EEgQuborQmEkAu4TV/Ed00Agl0pHPECcebMyjuR1dVsn"
    "m0CHKSA/oBXefqQ/E79oIdE5T3/98Vuw0Tu7fBdsdEGItYmekgVVt1rV5NuEyu4sFJ2V3I"
    "6atzmXdknLsG+8oSIVafo50ro2467OSm0xILudWOxprVSU0yWpKKfFVBSNmZkpnRIBXvuy"
    "XeIsukVof5KekfSj3pOZBvhavgdmpRVs5Tu8+4lswQmXl308TTy79LiSEEh/iUQh7bcXt2"
    "8v3l31vu9q9/2jvjWW88qdqufvlXr0+UYHy536cdI8Igmo59d/Jk+ysSv9aCIQ9gl6JJPg"
    "QB9D9EjIRG2oUx+pd3uDdImAOsFI+uITgh/1cUBB0alfU5+wb9+eGelgiSdvumff3f36Ws"
    "vp0ZLl9Ki4nEKcZKN24cjwNJN5+w4mP6x/Z14MuFmOfSIA8NaAF2J8Nivd3oUEdJxOmrI2"
    "is7Lwi58mzXtR4azhZ6zkqDltmm5NXnfv/DQZ9j7lQsaVO4l5xsdLPc8/x01dybp9is9z4"
    "/8ibjzY2qFfAVVGs5EVMyodnkDvQ0csoD4Yn6AbR8HgxGSYMsrvOh5rqFPddbuZ+WOKseV"
    "kSfiI5+MVb/qIF3Zo7TRkeZcRw/cRwRLWRFgP1CeK0ZT7j8SX/q16qheotPTVVEEUvpDHm"
    "fDrww/qCN8pdc7lS+kxnk4JtHBv1GEQj5oSgP5RlJ6MFKl8/pFVWv+8CD9aCQYnogRl4/0"
    "9fsPHsOJvPeV3csBfuG8u/58H7nbqh8eBnrDXPrY+qE89FzUn8MgHzyUXxl68PlYN+uTIW"
    "XqQItD9IkjdV7wGD8S8ZXpl6BjqWRBpeKjBzAeyDccIunAkjnu+g8XeCbQVIlkIMeeOmx4"
    "hkbcc5s6+fNhZ1YKlJUCD6nCQ6p299NfeS4RaNkhTikpIAkvy8+tRdgXTlxLkz8rCSY/mA"
    "hVJsLfI71XWgep+ysMg2G2ZS1KGblMHaJruRB5XK6YgvgUe1SQ+dI9HqtFSi614zDQPYvF"
    "+fYsHPfVItMnesl9onqhQnFlQ56UZhMP+sq47xJ/E+Hr5edmlq5mlhPrblezpidmVi9cT9"
    "gLy2pElqxaicj2lqyXe79etWYie6sT0csnsfhe7QkszmqvN4/9Y0SlVzDx+b/JQBvpekMu"
    "mlh0N5GBv+gd3VP3Xlv4uC/t9aJjs5Ye1zwjLeUs79h8tBUzr3rqepR/vImTM28PYfQaYf"
    "QlJDXVe8bLSGqeZ9JKlljV1D0BtwTckuWrucoqGSxxS1L3V6zqfrZlLbckDsEpn0CF/dTC"
    "q/0Gna4iImfiHgf3qlBlOpJLMw3QQAUg5TjgSmRAyrkx19Vxg8VdhH1lVhjOgFmpnWXP6C"
    "epf073LG0G1vQNrumwAMECtO4F6GeC/aBPcAXV8uL2iuVnlGlYo/Iy2lP6QRyg/kwvCurZ"
    "ZbWU1Q0brA5RpyYz1UICtleMt1dg5oKZa90z13sy+6xSQkvnrfnNFbOWOkXEn7dbOWl9YQ"
    "H1InsVIymqrFfGA4SFSgxXhi6Xtq/OfD5A8W+EuRMuda/E1N47j+5rUfnSbnHG29hTSqbL"
    "31PnqCRnMc07i4rKdxlIi6fE9k6j7Yij7ebwnD2aWA2CPMYnmTU7wqxtIG6B1TmZXgxATs"
    "sAzvVwDtU6Ymp2JUJQUN02wyubU4uF2XEKCwn4fqq/nzYZt7cBDir2eZO7NcxbkTSs4ZRL"
    "gR8EUvn1iPg+9+OEy5E2GFWQVjEWhWIi52PivpE3UXSQp26GUaDIiwSmbhQAjtr3cYmRu9"
    "lHNQgMtMWYeh7h4kTBFrl/eVmoD2jziqW+Vwslp8RAv23W7wOmnvwUlb5K2BQrIwF5sc6k"
    "pB0fnb4+PT95dZqEApIryyIAxeRoXeymV0gTcy8r1T0unY14TAvQbIsS08IwX7VtvmqNdf"
    "8lPiP8Ricb9Ept/FybFZZ+cuo4XzSvc2zJ3H5emNeq4EtalHF/KC6qjqu3piOeikPTILbZ"
    "VRqnilQ/MlVjVsaestlHlUa247zS3BmqGepUnW8aN5hnIqSqyP+lTmKtup7tPnYCqmlYfT"
    "4t9SuWhckXMhAqX0+o3Kyqbp3VdO1aPc/q5KbIVktOBClkp0DqzwbPnJSzzRN1zTIW0jId"
    "BHn9tDnZKb1u/CcrBRtq+UT01BpbOw89JQOA5ufZlkQoOwEmsA3ZALwX3l5GzREthI2aM5"
    "Lg07dNy+3x6YW8806OAVZ9nEmuzcEKn161dtxM87rV5mgi/esRD6Ptsvt3Et1Pt9c3n5z3"
    "V/97/ybiMKECDX0eTqSL3Z8hRqjeeYtqMJn0uXVmS3l9x1qfoMhp7pM/U9eE3Msl6z4pHU"
    "kiBPEhqQcqOKCoWVzVVrW41zXN99XBgH44eCT6E87guSiFzhhxafsjyu8pxg6yEple44fp"
    "MEG6q9JGkFTXykjBYsCYrBYLKTAIWrdUZAloU59iXYc6IwQedQ2PuoKdohriKm6KLsB7dH"
    "xepyLs+Ly6JEzdg5gFxCz2DVDIqt703rVP5F9amnuxdIcpJdWZ1Ists9fpPX9D3BcygLol"
    "ZyBTO8DMiZxku9Ff3QdoxVYrE58OiGutkBJx0IWdLgYjxeajIpeOIqa1VMmyXkAzdpqR1v"
    "d4Eh9oZKiOgijowPLrkDh6RJPg2eihVBx0YakLPBipJGAbPeRFQQd2Oojqw+R7WamhTBo0"
    "YTszicBhmHHjKSktZ4V+y/YmnyG762XoDklw4RG/Ii043eBg+f5hXzd1cNK2RgGgGKkTIv"
    "iDZpWIOlAnIKjfpnIUKN42fY6E4nZDmmtivknnEo8+EX+mhMkTkSosq/pbe/8Vu32qY3U7"
    "6tTRZ1lIP09d0q/QjNuitacu7m0hYLsJgqBM3W6XbfEd1o37LiTaHPjt3Y3ms9cPQpUjHM"
    "SVCfEBMTo5QaU/REXNcsZS6RDF+dC+mxXp3We10rvPlqR3n+UDzCUzaX3bpES4zeel9L4w"
    "+g2p+eMv6GV0BFK8VukKlhFWjEzxglWyzBlLt8LujNbFglqXH9GQCLVanb8SfyAtBqULZU"
    "rgscoiKuqtutm6z3NILXz6IWZf00Km1ahf6NysGZoqM07+xGQv0j350eXyVXyREP6XGYpG"
    "ou34fCbEVI+JSJvVCN5atbd2EwZ9/u06IONeqbOWur/CV+O6ZT0vTSVgUtlntJwo10k2CC"
    "iLjshQGZEcydVGH3UnvSdCh0yXTAaUqIpJdTvKxCzP7Vxf16tpWH7vpfrPVWpCUmTrkiKL"
    "yqrrFxclIUcG6ierHJg6eXLVWXKFHDk1oxmO15QIDFSgoX8OwRpB/6/E/as2XuPmXbJdG5"
    "H2tMYq/UweQoG9n3nol5ul6QYr7FI/auqM5m0tC5A+X/305fbigy4OOpCGpTdD+hRqOT6J"
    "K83Gv0gzcqI4rvVx0vNDreNkE3ltWLcOaT0PWlFDtKpaSA8wt7jJkK8aqioUgtqgVpvBUB"
    "vU6YUQSiqgpKL9gEJJxaZLKvQSbgDwvH0H8V1/ZWBsWBrnmS2kIL9sDyPmsevRW+aX1PRJ"
    "6rsj8X4eI1Nl48/H0CG6DkSKQyD2AX6Id9tVVpI69l5L07KjydbXtWJAuOXogUyRSo/SHo"
    "qOwDN5kXqBbMoIcYWiS9QDdRMnX0NS0/NKamqLzQP+gdnH1LIk3b13DzqJJ/BFbsGGhZOs"
    "tuOIjaV9w432RhcSHcR4/QdLQyxh00NYncJUljS7IrsykerSLts60iYhNrPBda0/C4hwaA"
    "k31rLYTFoKYjN2SaQRhjw0TCTNiAH2dti7oR/lp5kWN+QEAf89jEteEJ8ORr3SsGR872B5"
    "VBIvWq0KSlYrYs0hveeSD9DwsK3qCN4T8U1JIlMiHTQ2NlJapj4rA4Tj5h1E96iW63G0xP"
    "U4KtvGZEFpacovtzefqqzlRCQfi6aDAP0XeVTsowOyBFwFRiYAPcf0xceL3/Jwv/1wc5kP"
    "wqkOLne9pH3/f+nECu0="
)
