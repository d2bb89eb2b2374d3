"""Where an upstream key may be sent, and what a project does with requests that cannot be metered.

A key without a base URL is bound to its provider's name, any other to the origin of that URL: see
`models.bindings`, which works out the same. The release before this one adds keys without saying
so, and a trigger binds them by what their project says at that moment.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

# Base URLs were validated where they were set: scheme, host, perhaps a port, perhaps a path.
_BINDING = """
    SELECT CASE WHEN base_url IS NULL THEN 'provider:' || provider ELSE
        scheme || '://' || rtrim(lower(host), '.') || ':'
        || coalesce(
            nullif(substr(authority, length(host) + 2), ''),
            CASE scheme WHEN 'https' THEN '443' ELSE '80' END
        )
    END
    FROM (SELECT *, CASE WHEN authority LIKE '[%'
            THEN substr(authority, 1, instr(authority, ']'))
            ELSE substr(authority, 1, instr(authority || ':', ':') - 1) END AS host
        FROM (SELECT *, substr(rest, 1, instr(rest || '/', '/') - 1) AS authority
            FROM (SELECT id, provider, base_url,
                    substr(base_url, 1, instr(base_url, '://') - 1) AS scheme,
                    substr(base_url, instr(base_url, '://') + 3) AS rest
                FROM project)))
"""


async def upgrade(db: BaseDBAsyncClient) -> str:
    return f"""
ALTER TABLE "project" ADD COLUMN "unmetered" VARCHAR(8) NOT NULL DEFAULT 'allow';
ALTER TABLE "upstream_key" ADD COLUMN "bound_to" VARCHAR(300);

UPDATE "upstream_key" SET "bound_to" = ({_BINDING} WHERE id = "upstream_key"."project_id");
CREATE TRIGGER "upstream_key_bind" AFTER INSERT ON "upstream_key" WHEN new."bound_to" IS NULL BEGIN
    UPDATE "upstream_key" SET "bound_to" = ({_BINDING} WHERE id = new."project_id")
        WHERE "id" = new."id";
END;
"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
DROP TRIGGER "upstream_key_bind";
ALTER TABLE "upstream_key" DROP COLUMN "bound_to";
ALTER TABLE "project" DROP COLUMN "unmetered";
"""


MODELS_STATE = (
    "eJztXftv27YW/lcI/3J7gSxoHOex3mFA0qZbtiYZkvRu2DqotMXYmmXSE6m4xm7/90tSD+ttS/JD"
    "Vg4wdAnFQynfoXme+vxPh/9tW4Ic/uKwv8hAdN6gfzoUT4j8IXnpAHXwdLq4oAYE7tt67jQyqc+F"
    "g/VaT9jmRA6ZhA8cayosRtXkd8QmwqJDxChBY0KmHIkRQQ6bHSDO5M9YoJHFBXPmiAs858gh2FS3"
    "OkCYmog4mBOOLMGl9JwfqruabCBvKxfd1A1cav3tEkOwIZFrOfI2f/wphy1qki+EB79Ox8aTRWwz"
    "BqRlqgX0uCHmUz328eP1u/d6pnr4vjFgtjuhi9nTuRgxGk53Xcs8VDLq2pBQ+YSCmBGIqWvbvjKC"
    "Ie+J5YBwXBI+qrkYMMkTdm2lqM53Ty4dKP2gCTOJzQ8tkx9SMjMs83v/CSOzDeP27tF4uHo0jE5K"
    "vepJEgrxhwaMqq1hUaHw+uert+4CFz3aUTd4++PF/avj039rJBgXQ0df1Kh1vmpBLLAnqrFfgK3/"
    "n4L77Qg72XAH8xOAywetAnUwsMB68RkI4AsA2gCknQn+YtiEDsVI/tp9/boA4/9e3GuY5SyNM5Mf"
    "Wu/DfOtf6nrXFN4LfG3rmRhlQY4JVULa37Il9vR+wywP1GfLJE4ZlKMyLdzOp70VYD7t5aKsLsVB"
    "7stj3nAduwzIUZm17ORGYdx93TtfaTP3zgt2s7oYR9rihnQJ5CmQhvqSMZtgmmMMo3IJuPtScFOb"
    "OjhNtmv2Lu/uPqiVJ1y6WHrg+jGB8seby6v7V0cafN8Pk8PXt48JwB0i/1guuDEljjGxqCsyoL+m"
    "Ihv2HOmEAuRftIf7fage4pvuUe+sd3582juXU/RzhiNnBRpKA60+PlPsYNsmthHgVgLqXHkAOw22"
    "RInNiGl4Tmoa5Z8e7m6zYU5LJvA1rYFA/0O2DAv2D+cCEBUksTMlOKhf3Vz8ljzD3364u0z63GqB"
    "yxw9MMcaWrSSIiKioInqmnDphAjikIwQM9+HiQltz1P0dL+pcDLuyKzixeS7MCn/ZeAQBYaBRRrn"
    "d/KKsCYkG+u4ZHKr+6KHwQ976KQXAP14fXP18Hhx80ts27+7eLxSV7p6dJ4YfXWa0Eq4CPr1+vFH"
    "pH5Fv9/dXiU/HeG8x9876pmwK5hB2czAZhSTYDgYin+apmZFNcclQc2NVrOp8oOV1ByXXIOa98d8"
    "7YWWVQ72aRxJDKqBPh6MZ9gxjdiVxXZQOd6MuNSXev/zPbGxBjLDWno58o9TCSLBk5/JfH8/2otR"
    "f1/GPjOCjUmWp1cGpke1RpsAUruLdVnefktfmnQnyRFM8VD/Sere6k4ZeyqjLJPYcvmlGdefaIz9"
    "mUvrM3JJNJHacSxsI5vgZ6LqJxZXBRRkkoEzn0rVIUbtOZJgMITR0MFUeMUTSp6J449T+R+fESdd"
    "otnQPZZXaf6I1qoss/MnlG2aULaRKJBSedhQYIvxy3ZCl43UE0Z+/mhVeIP5LawjHJ2uAO9R0nNZ"
    "oKsuJaJDayoPG0G+ZED8KEdzIsOYVCuALnIfr357LM5+hN7jh7vbH4LpyZRIHHhCtaGQT6msm5F1"
    "Yudv8UzhTalhd+XJ9W/3GbGGo4ytnpvjXghUSmpX2uVHmwJ3zSltqIxtuTLWZy6Vy7MyR0VUpn1F"
    "3+OVHI7jAofjOO1wQMa0kpXchyRLok9FBVOZpjc/WIpLrTNoaq5qlwRHqcxVCuM0wO+ZIy0rlbG0"
    "hvlaPgqmg8wmq1Qv534Cm0rByGEHz8LoPbGzJAJexlYr4OLh7cW7q87X/JzgJvM5XvIrI5MTZsXy"
    "czginLI0eXMtOOJEnqHy/9jRTa8csSfVAGs5iM3oAeqTAXY5QVheFDplh2aWGCH2TBwbT9EIcyRm"
    "DGEhp+jDNpW+2dhdIIGzpwmc5vfdQvpmT7MKm45nyZepJTd6BVc1LgnlwCZ7qg55lla0SkASlwQt"
    "N1nL6qjI78K8tIaFjZgt7b/8tts9Pj7rvj4+PT/pnZ2dnL8Os1bpS0Xpq8vrH1RCJabddIblb1c6"
    "fAaZssGoRJIwIbW9TOHrzYK/tkyhB5B6/6Dcxo7LtQbXLW9qaKiHhvr2gQ0N9c1o4w7QJNScMv0Q"
    "FVQREwZt1NeGNa2kB18MNFBdA/65LcF1sxIfRe5OShQ8nmoej40lii6vFDInZSFobnLQDLXaF6Fm"
    "qNVCrbY9tdpIHdUrRGa4CWXfTXjQK7UI8o2+oRCFLK+uvUB0SXXb4IuZS4vcjyOCTGso3TxVdMZ+"
    "KfoQfV4UZD4jS5Wo5QSqyZ+YbWo6KD0/syKdrnJv7jarlLm9oj+UtxtR3va2QZkS7EJiPUXYBjEe"
    "rZ+JB0qwL8EBhTjjRajZs+flzFNUBmKM4hgj7AasGWG07XXcZHwR3VNN6gT9yOX4jVcEzHqzN3K5"
    "0G921cRINXE1v1ml5lDvHI2Y62Rwp2ZPyfBX/+j03cHY89jjkVzssxzhJNQ+oPohKFR4zm1Wb6cv"
    "7d9BzvojtmowXso3LkoaZx48GZlif5s110/bYqY431lebIwyNj6yncC+N9m+Qx5xbQEnOE0bAxQY"
    "dLcQt4cmfVWEQ4EWwruRzv/QVyoBclQGcF4N52pNw7X7y6DPoEMchzklcV/IAOrVUB/YFqHCqAJ+"
    "ShR0UE0HITVXFS1kCIMequnBogM2mersUCkVxOUA/YqfAjqWkSY1vHRWNTucvwZopZpWZCg0mQoj"
    "l/axQBkpUdBBRRvtnS6KoaqKHjLFQRcVdYEHI2JW00NSFHRQ9R0szBmVz1VJDVnSoImqJxMXBsWU"
    "lT6SonIteiNry/j354Jww8qoAhehH5WCnV8HeeaWfCslJgbYV8NeiKe+8boc8AsZQL0G6kcVUD8C"
    "1Gui3q2AehdQr4n6cQXUjwH1mqj3KqDeA9Rron5SAfUTQL0m6qcVUD8F1GuiflYB9TNAvSbq5xVQ"
    "PwfUa6L+bQXUvwXU60ZJVYLTI4hOa+NeKTyF+LQ27lUC1COIUGvjXiVEPYIYtTbuVYLUI4hSa+Cu"
    "3pofEWyWzfvG5QD9muiXNLBxOUC/JvolzWxcDtCviX5JYxuXA/Rrol/S5MblAP2a6JfMD8flAP2a"
    "6JfME8flAP2a6JfMF8flAP2a6JfMG8flAP2a6JfMH8flAP260VbVYBdyyevBv3K4C/HuWvCvGvBC"
    "bnk9+FcNeSHHvB78qwa9kGsui3+KZ22HnGA/Mtfp5DGC6YsHy/nARsG8pWxgV3LXyJ0i9ZCmAUtc"
    "A/4v4P8C/q8aigH+L+D/Av4v4P/aMpTA/7XvvFTA/wX8X+2LuoD/a9eoA//X7nUA/F/N0APwfwH/"
    "F2gF+L+apgPg/2qQLoD/a+c6AP6vpmgC+L92iz/wf+0WeeD/2gX2wP+1M9SB/wv4v14K6sD/Bfxf"
    "LwV14P8C/q+XgjrwfwH/10tBHfi/gP/rBeEO/F/A//WScAf+L+D/ehm4A/9XI9AH/q9dog/8X7tE"
    "H/i/dok+8H/tEn3g/9ol+sD/tUv0gf9rl+gD/9cu0Qf+r12iD/xfwP/1ovEH/q/d4g/8X7vFH/i/"
    "toV/Q/i/7r1XFj+wYSeDACxy9aCIAcx/8dGw/YlLKcAukE3MIXEQocKZHyDMEUYOmx2ia8GRZSKL"
    "IzEiyF/4X3oMUzlOEXNMKciekOZm6iT0usalP9FPVPORoSfLFv4FKWlbXKCRWpcivUnlKBbyfiZX"
    "i6gplnmAOPPGMZpK7BElM3m7b54sR0pb/BN15AcnvOl/1ENiKuf5d1ePGRmy5NqvPst/D/UChmUa"
    "WHz+dx5J2hJ+M/lvitssGAuZUoIBLrBweXSEuWLAPDosNVSKDS2fVWj9fELLKdE63z25dKB2JdJ3"
    "Uv/0vu9s6HSpQzCUz3qGSzOeYWA7A7az9qgW2M6A7WynUG6a7Qy4uLbDxTWR/hPLOBsKaOVCiRZi"
    "fHS6AsRHSRu5QFhdAtq+7W7hhbMeh/hhgm07N45fSG0vhN8kzl4Uf9w9Ow3jdvVLUaT+cHPx4UNG"
    "amQR6qy6ZyMibdy1q1i3br5166asm+ZOKgNwKNBCeM9XQPc8F9zzJLY7Z1MC1ow3DeJTAm28aQCj"
    "EmjhTWM4lUAXb4BVadf47xOrUkvB3xdipdbBr19VyopYl77fVCNghVNHFXxciZByKsuinxCEzV+/"
    "8aKsChKCoIJ97L24cE1LXD0TKjoZvReRqwdFvRdYzTNIOHFp78UdVS0MlATtDEoFdrqPIn/aKv0G"
    "8gmYzsYEPQNYV9mjIwI7coFI90E7+gh0ypofqlYNSmbyz4N2Amgn2H07QfiBXDXLGgq0MMu6kdLL"
    "4oQrAbEv0UKM118G9w2GBqkEygmxFkJ93F0B6uNuLtTqUibUWYZ3KdCZ9nc1mJsWl23+0BiMVIdn"
    "hvf/08PdbU7WbSGStLnWQKD/6f7UTe3piKPTdy1bWJQfqtvuwslREMXMb4D0q5uL35JKePvh7jJp"
    "V9UCl8nv5JmW2fLe7Pbt9fUf3kGLeLkjJS4FOC/HGRoWNtLF1JSUgTmx6EdOMr+ufXHxoDBhoKYZ"
    "bjBvab7gQe6NPjPnaDZiaILniFtD9eJDOmVQOHN51gDi/ybE/2pj6J9LnCBRmfUcIbv9Nvv4AXKy"
    "it8nZ+UfIScpv2+KOZ8xeRyMMB+VgTol2MIju3tysoqnfXKS72mrawkHhNml9nQwf3v4eifzpk6L"
    "Tff2WtxQ+YznrO+yZBJLTHOO66hcAuy+FNwU2sGBst2D+fLu7kMsZrm8TpQobj/eXF5J7DX0vvl+"
    "k9m14RAFiVE+YRuXhMRtoxO3NvZerJU+W3lNp4TXoOyGBVRt0nVo3L0cT5XPds4S8CFvnOJLhJSR"
    "UI9wLnHKahfwJd//fE9snFdYiESKD95S+6v5xah/Kn3deOgdYJYXfUcwXRaA88jUFfgSVChNzG8s"
    "ivoOm8l46xA9jggaMDa2yL844kRadUUsgLhgDjEV74ElODKtIeECMWrPs7gS1rXsKj0BOuUAVf5G"
    "RPme/srEQwuJ1kX468/Cgm/eWrOd8s05IZVd84gsqLrRqiZfppZcroKi45LbUfM2z9I2aRmqv5ux"
    "h8r1M6RfXY7DIi61xUTsdnKwvZUaSnoFDSW9dEOJxqycKx0RAX6brFpvHN00tO9lZCTjqJ/JXAN8"
    "LZ8D00Fm9SCjUrufuKaCbzns4FkY10V3lQRARkvES2S/vXh4e/HuqvN1NxX0G31hIs+UR/XmaCcj"
    "kk9OOSgK5ifhZO9V1NXi+XvyLCebMn4mHGGHoDGZigNNQzgmZKoa7i0Hqed6g3SDv2IwlDH4lOCx"
    "pgMU6WB+TWtCnb45J9FBQQRftkbf3vr8Smb0qMCMHqXNKORHNuoPjkqymQXzW9jssP5KPB+wch3y"
    "oQDAuwK8kNurYun2LhWg83PSia2i6KQsVN2brGnHc5wr6DkuCVpumpYb0rX9E3Mdiu1fGLdETvU4"
    "OeWgKOb8y5tsTKOzl8acN+yZmAFBPZe3V690U+69hKjqukIXfl0qiMMD6vo+FoMRkjDLEZaOOdew"
    "pmLZv1eBqApZKXkmDnLIRK2rKPTlitI7R5ptBT0xBxEsZbnAjlAxK0Yz5oyJIyNaRdJPdNe5epkB"
    "Kc0hm9HhJ4qfFHm/jHdn8oFMtbuJx/jvJSXkfWaWkA8khQcj9ca7fk41mT09yQAacYqnfMTkHR39"
    "+IOxO5XXPtHPcmdfGO+u7z97cbZah7lCV8hlcK3vyVzbRP0ABXnjoXwA9OSwiZ7WJ0OLKiarQ3TL"
    "kPqigAkeE/6J6oewJlLH3JJ6925AmZBPOEQyciUB7Prv5njO0UyJqKE+Y2MJqK2+YmCORsw264b2"
    "wZYr9/pOXAriopy4KD/Ij37CE+0+RdSNESmgBsnqwl2JncWdmhUd/bgkOPrgGGQ7Bj94Ws/xCSJX"
    "C92BYXzeSgQw4Rfi2EzaSW1ylN2cKJMk7erEFXpBaVOwNGKh4WXKbiy+2kbZGupO+tK4p1yDjdzl"
    "E+0Tbd6fLW0Vw+/P2UTqupgzO9OmVTxed2vT6rJl55uvZ2y7We+DFNiuUAS+TGzvCK3e6pbzrKPM"
    "v7LiMeb3rq92mv2qjggdL+iDYrGKDC7QZ8v8nI5aVhNZ82lStOnbdpZsxVHLP3bG8o8vE6YE8yH9"
    "vUL6u4AapuA7lAqoYV5mk0mMOQoo1yCwWO/LKsSxBqMsS+xfKbTEeDFnmfnNV+yazWdt2+mbwaab"
    "zu5R76x3fnzaCy1mOFJkKFfwxWX4VJKfLiLSQtO4EZYB9aEqgbA/vYXobqQrR95RZPYQF7ClLUS2"
    "z5a2G0O5Nl60nRqzr/8HGo9Yig=="
)
