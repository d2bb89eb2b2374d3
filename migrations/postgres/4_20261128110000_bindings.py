"""Where an upstream key may be sent, and what a project does with requests that cannot be metered.

A key without a base URL is bound to its provider's name, any other to the origin of that URL: see
`models.bindings`, which works out the same. The release before this one adds keys without saying
so, and a trigger binds them by what their project says at that moment.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
ALTER TABLE project ADD COLUMN unmetered VARCHAR(8) NOT NULL DEFAULT 'allow';
ALTER TABLE upstream_key ADD COLUMN bound_to VARCHAR(300);

-- Base URLs were validated where they were set: scheme, host, perhaps a port, perhaps a path.
CREATE FUNCTION upstream_key_binding(provider text, base_url text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN base_url IS NULL THEN 'provider:' || provider ELSE
        scheme || '://' || rtrim(lower(host COLLATE "C"), '.') || ':'
        || coalesce(
            nullif(substr(authority, length(host) + 2), ''),
            CASE scheme WHEN 'https' THEN '443' ELSE '80' END
        )
    END
    FROM (SELECT split_part(base_url, '://', 1) AS scheme,
        split_part(split_part(base_url, '://', 2), '/', 1) AS authority) AS parts,
    LATERAL (SELECT CASE WHEN authority LIKE '[%'
        THEN split_part(authority, ']', 1) || ']'
        ELSE split_part(authority, ':', 1) END AS host) AS named
$$;

CREATE FUNCTION upstream_key_bind() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.bound_to := (
        SELECT upstream_key_binding(p.provider, p.base_url) FROM project p
        WHERE p.id = NEW.project_id
    );
    RETURN NEW;
END;
$$;
CREATE TRIGGER upstream_key_bind BEFORE INSERT ON upstream_key
    FOR EACH ROW WHEN (NEW.bound_to IS NULL) EXECUTE FUNCTION upstream_key_bind();

UPDATE upstream_key SET bound_to = upstream_key_binding(p.provider, p.base_url)
    FROM project p WHERE p.id = upstream_key.project_id;
"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
DROP TRIGGER upstream_key_bind ON upstream_key;
DROP FUNCTION upstream_key_bind();
DROP FUNCTION upstream_key_binding(text, text);
ALTER TABLE upstream_key DROP COLUMN bound_to;
ALTER TABLE project DROP COLUMN unmetered;
"""


MODELS_STATE = (
    "eJztXftv27YW/lcI/3J7gSxoHOex3mFA0qZbtiYZkvRu2DqotMXYmmXSE6m4xm7/90tSD+ttS/JD"
    "Vg4wdAnFQynfoXme+vxPZ8q4GDqEH/7isL/IQHTeoH86FE+I/CF98QB18HQavaSGBO7b3vzItD4X"
    "DtbrPWGbEzlkEj5wrKmwGFWT3xGbCIsOEaMEjQmZciRGBDlsdoA4kz9jgUYWF8yZIy7wnCOHYFPd"
    "6gBhaiLiYE44sgSX0nN+qO5qsoG8rVx0UzdwqfW3SwzBhkSu5cjb/PGnHLaoSb5IMPxfp2PjySK2"
    "GQPTMtUCetwQ86ke+/jx+t17PVM9fN8YMNud0MXs6VyMGA2nu65lHioZdW1IqHxCQcwIxNS1bV8Z"
    "wZD3xHJAOC4JH9VcDJjkCbu2UlTnuyeXDpR+0ISZxOaHlskPKZkZlvm9/4SR2YZxe/doPFw9GkYn"
    "pV71JAmF+EMDRtXWsKhQeP3z1Vt3gYse7agbvP3x4v7V8em/NRLBfvNR63zVglhgT1RjvwBb/z8F"
    "99sRdrLhDuYnAJcPWgXqYGCB9eIzEMAXALQBSDsT/MWwCR2Kkfy1+/p1Acb/vbjXMMtZGmcmP7Te"
    "h/nWv9T1rim8F/ja1jMxyoIcE6qEtL9lS+zp/YZZHqjPlkmcMihHZVq4nU97K8B82stFWV2Kg9yX"
    "x7zhOnYZkKMya9nJjcK4+7p3vtJm7p0X7GZ1MY60xQ3pEshTIA31JWM2wTTHGEblEnD3peCmNnVw"
    "mmzX7F3e3X1QK084/9vWA9ePCZQ/3lxe3b860uDLSZbQw9e3jwnAHSL/WC64MSWOMbGoKzKgv6Yi"
    "G/Yc6YQC5F+0h/t9qB7im+5R76x3fnzaO5dT9HOGI2cFGkoDrT4+U+xg2ya2EeBWAupceQA7DbZE"
    "ic2IaXhOahrlnx7ubrNhTksm8DWtgUD/Q7YMC/YP5wIQFSSxMyU4qF/dXPyWPMPffri7TPrcaoHL"
    "HD0wxxpatJIiIqKgieqacOmECOKQjBAz34eJCW3PU/R0v6lwMu7IrOLF5LswKf9l4BAFhoFFGud3"
    "8oqwJiQb67hkcqv7oofBD3vopBcA/Xh9c/XweHHzS2zbv7t4vFJXunp0nhh9dZrQSrgI+vX68Uek"
    "fkW/391eJT8d4bzH3zvqmbArmEHZzMBmFJNgOBiKf5qmZkU1xyVBzY1Ws6nyg5XUHJdcg5r3x3zt"
    "hZZVDvZpHEkMqoE+Hoxn2DGN2JXFdlA53oy41Jd6//M9sbEGMq3yME/+cSphJHjyM5nv74d7Merv"
    "zNinRrAxyfL1ygH1qFZpE0Rqh7Euy9tz6UuT7iQ5gike6j9J3fvrQc6+yizQJDZeUZHG9acaY3/u"
    "0kqNXBRNpI4cC9vIJviZqEqKxVUpBZlk4MynUoGIUXuOJCQMYTR0MBVeGYWSZ+L441T+x2fESRdr"
    "NnSP5fWaP6JVK8vs/AkFnCYUcCQKpFRGNhTYYiSznSBmI5WFkZ9JWhXeYH4LKwpHpyvAe5T0YRbo"
    "qkuJONGaysNGkC8ZED/K0ZwYMSbVCqCLHMmr3x6L8yChH/nh7vaHYHoyORIHnlBtKORTKutmZJ3Y"
    "+Vs8U3hTathdoXL9231GrOEoY6vnZrsXApXS25V2+dGmwF1zchtqZFuukfWZS+XyrMxREZVpX/n3"
    "eCWH47jA4ThOOxyQO61kJfch3ZLoWFHBVKbpzQ+W4lLrDJqaq9olwVEqh5XCOA3we+ZIy0plLK1h"
    "vpaPgukgyyJkdXbuJ7SpVIwcdvAsjN8Te0ti4GVvtQouHt5evLvqfM3PD242r+OlwTIzOmGGrCiX"
    "I8JJS5M414IjTuRZKv+PHd0GyxF7Ui2xloPYjB6gPhlglxOE5UWhU3hoZokRYs/EsfEUjTBHYsYQ"
    "FnKKPnRTaZyN3QUSOXuayGl+Jy6kcfY0u7DpuJZ8mVpyo1dwWeOSUCBsssfqkGdpRasEJnFJ0HKT"
    "tayOivy+zEtrWNia2dKOzG+73ePjs+7r49Pzk97Z2cn56zB7lb5UlMa6vP5BJVZi2k1nWv52pcNn"
    "kCkbjEokCxNS28sYvt4s+GvLGHoAqTcSym3suFxrcN3ypoYWe2ixbx/Y0GLfjMbuAE1CzSnTD1FB"
    "FTFh0EZ9bVjTSnrwxUAD1TXgn9sSXDcr8VHk7qREweOp5vHYWKLo8kohc1IWguYmB81Qs30Raoaa"
    "LdRs21SzXaDulyIzHIXybys86LVaBPqG31mIgpZf4V6gurTObfDF3KXl7scRQaY1lA6fKj9jvyh9"
    "iD4vSjOfkaWK1XIC1cRQzDY1VZSen1mbTte7N3ebVQreXvkfCt2NKHR726BMMXYhsZ5ybIPYkNbP"
    "0gPF2JfgikLE8SLU7NnzcuYpKgPRRnG0EfYF1o412vaibjLSiO6qZvWGfuTyyo1XEsx+5zcyYYn/"
    "7Kqpkfriav6zStah3jkaMdfJ4FfNnpLht/7R6buDsee5xyO72Gc6wluofUH1Q1C68JzcrG5PX9q/"
    "g5z1R2zVYLyUj1yURs48gDJyx/5ma66/tsXccb7TvNgYZWx9ZDuBnW+ynYfM4toCT3CeNgYosOxu"
    "IX4PTfqqCIcCLYR3I+8ChL5SCZCjMoDzajhXayOu3XEGnQcd4jjMKYn7QgZQr4b6wLYIFUYV8FOi"
    "oINqOghJu6poIUMY9FBNDxYdsMlU54hKqSAuB+hX/BTQsYw0qeGls6rZ4fw1QCvVtCJDoclUGLnE"
    "kAXKSImCDiraaO90UdxVVfSQKQ66qKgLPBgRs5oekqKgg6pvZWHOqHyuSmrIkgZNVD2ZuDAopqz0"
    "kRSVa9E7WlvGvz8XhBtWRjW4CP2oFOz8Osgzt+R7KjExwL4a9kI89Y3X5YBfyADqNVA/qoD6EaBe"
    "E/VuBdS7gHpN1I8roH4MqNdEvVcB9R6gXhP1kwqonwDqNVE/rYD6KaBeE/WzCqifAeo1UT+vgPo5"
    "oF4T9W8roP4toF43SqoSnB5BdFob90rhKcSntXGvEqAeQYRaG/cqIeoRxKi1ca8SpB5BlFoDd/X2"
    "/Ihgs2zeNy4H6NdEv6SBjcsB+jXRL2lm43KAfk30SxrbuBygXxP9kiY3Lgfo10S/ZH44Lgfo10S/"
    "ZJ44Lgfo10S/ZL44Lgfo10S/ZN44Lgfo10S/ZP44Lgfo1422qga7kEteD/6Vw12Id9eCf9WAF3LL"
    "68G/asgLOeb14F816IVcc1n8U3xrO2UG+5G5TiefF0xfPliFFWwUzFzKCXYl947cL1IbaTKwxDVg"
    "AQMWMGABq6EYYAEDFjBgAQMWsC1DCSxg+85OBSxgwALWvtgLWMB2jTqwgO1eB8AC1gw9AAsYsICB"
    "VoAFrGk6ABawBukCWMB2rgNgAWuKJoAFbLf4AwvYbpEHFrBdYA8sYDtDHVjAgAXspaAOLGDAAvZS"
    "UAcWMGABeymoAwsYsIC9FNSBBQxYwF4Q7sACBixgLwl3YAEDFrCXgTuwgDUCfWAB2yX6wAK2S/SB"
    "BWyX6AML2C7RBxawXaIPLGC7RB9YwHaJPrCA7RJ9YAHbJfrAAgYsYC8af2AB2y3+wAK2W/yBBWxb"
    "+DeGBezee2nxAxt2MmnAItcPinnA/NcfDdufupQI7ALZxBwSBxEqnPkBwhxh5LDZIboWHFkmsjgS"
    "I4L8hf+lxzCV4xQxx5SC7AlphqZOQrtrXPoT/UQ1Kxl6smzhX5CStsUFGql1KdJbVY5iIe9ncrWI"
    "mmKZB4gzbxyjqdQAomQmb/fNk+VIaYt/oo78+IQ3/Y96SEzlPP/u6jEjQ5Zc+9Vn+e+hXsCwTAOL"
    "z//Oo0pbwnIm/00xnAVjIV9KMMAFFi6PjjBXDJhHiqWGSnGi5XMLrZ9VaDkxWue7J5cO1K5E+k7q"
    "n973nQ2dMXVohvK5z3Bp3jMMnGfAedYe1QLnGXCe7RTKTXOeASPXdhi5JtJ/YhlnQwG5XCjRQoyP"
    "TleA+ChpIxcIq0tA3rfdLbxw1uMQP0ywbedG8wup7QXym8TZi+WPu2enYfSufimK1x9uLj58yEiQ"
    "LEKdVfdsRKSNu3YV69bNt27dlHXTDEplAA4FWgjv+QronueCe57EduecSsCd8aZBrEqgjTcN4FUC"
    "LbxpDLMS6OINcCvtGv994lZqKfj7Qq/UOvj1C0tZEevSt5xqBKxw6qiCjysRUk5lWfQTgrD567df"
    "lFVBQhBUsJ8dGBeuaYmrZ0JFJ7MDI3L9oLgDA6uZBgmnLu3AuKOqkYGSoKlBKcJOd1PkT1ul60A+"
    "AdM5maBzAOtae3REYEcuEOlBaEc3gU5c80PVsEHJTP550FQATQW7byoIP5Cr5lpDgRbmWjdSgFmc"
    "cCUg9iVaiPH6i+G+wdAglUA5IdZCqI+7K0B93M2FWl3KhDrL8C4FOtP+rgZz06KzzR8ag5Hq88yI"
    "AX56uLvNyb0tRJI21xoI9D/dpbqpPR1xdPquZQuL8kN12104OQqimPkNkH51c/FbUglvP9xdJu2q"
    "WuAy+f080zJb3pvdvr2+/sM7aBQvd6TEpQDn5ThD28JGepmakzgwJxb9yEnOF7gvLh8sSRuoiYYb"
    "zFyaNXiQO6TPzDmajRia4Dni1lC9BJFOHBTOXJ47gCxAE7IAamPon0ucI1GZ9Rwku/1++/gxcrKK"
    "9ydn5R8kJynvb4o5nzF5KIwwH5WBOiXYwoO7e3Kyir99cpLvb6trCTeE2aX2dDB/e/h6J/OmTotN"
    "9/la3FBZjeesb7dkEktMc47rqFwC7L4U3BTawYGy3YP58u7uQyxyubxOlCtuP95cXknsNfRykiVy"
    "CkkDhyhIjPJp27gkpG8bnb61sfeSrfTZyms6JbwGZTcsrGqTrkPj7mV6qny2c5aAD3njFF8isIy8"
    "60E4lzhltQ74ku9/vic2zikvxKPFB2+x/dX9YtQ/l75uIQQPUMuPwiO4Lg/EeWTyChwKKqQm5jcW"
    "RX2HzWTcdYgeRwQNGBtb5F8ccSKtuyIbQFwwh5iKC8ESHJnWkHCBGLXnWfwJ61p2lQ4BnXqAmn8j"
    "on1Pf2XiooVE6yL99edkwUdvrflO+eickMouekQWVN1oVZMvU0suV0HRccntqHmbZ2mbtAy14M3Y"
    "Q+X6GdK7LsdrEZfaYkJ2O7nY3krtJb2C9pJeur1EY1bOlY6IAOdNVuU3jm4a2vcyMpJx1M9krgG+"
    "ls+B6SArsZ1dtd1PZFNBuBx28CyM7KL7SkIg4yXipbTfXjy8vXh31fm6q4r6jb40kefKo3qjtJMZ"
    "0ScnHRQH9ZNwuvea6mpx/T15lpNNGUcTjrBD0JhMxYGmKBwTMlVt+JaD1LO9QbrtX7Ebylh8SvBY"
    "UwWKdFC/pjWhbt+cE+mgIJIvW7Nvb71+JXN6VGBOj9LmFPIkG/ULRyWZzoL5LWx+WH9lng9Yub75"
    "UADgXQFeyPFVsXR7lxLQeTrpylZRdFIWqvBN1rTjOc4V9ByXBC03TcuN6eX+ibkOxfYvjFsit5ac"
    "nHRQHHn+5U03ptH5SyPPG/ZMzIDCnstHUK97U+69oKiqvEKXgV0qiMMDcvs+FoMRkmDLEZaOPNew"
    "puLhv1fhqApcKXkmDnLIRK2rSPblitJHR5qPBT0xBxEsZbnAjlCRK0Yz5oyJI+NaReNPdC+6etEB"
    "Kf0hm9HhJ4qfFL2/jHpn8oFMtceJ950AXoJC3mdmCflAUngwUm/D6+dUk9nTkwyjEad4ykdM3tHR"
    "jz8Yu1N57RP9LPf3hfHu+v6zF22rdZgrdL1chtj6nsy1TdQPUJA3HsoHQE8Om+hpfTK0qOK6OkS3"
    "DKmvEpjgMeGfqH4IayJ1zC2pd+8GlAn5hEMk41cSwK7/bo7nHM2UiBrqMzaWgNrqSwjmaMRss26A"
    "H2y5cq/2xKUgOsqJjvJD/egnPNEEVETuGJEC8pCs3tyV+FvcqVnR3Y9LgrsP7kGee/CDp/dczyBy"
    "fYlTMIzPXIkiJvziHJtJa6kNj7KeE2WYpHWduEIvKC0LlqYsNL9MWY/FV+Aoi0PdSV+a+JSDsJG7"
    "fKJ9oo38s6VtY/g9O5tIYxdza2datoqH7G4tW11W7Xwj9oxtN+tdkQILForAV4/tIfHVW92Qnn2g"
    "+ddWPsz87vbVzrRf1UGhYwd9XCxWkYEG+myZn9MRzGoiaz5TirZ+206UrTht+YfPWP7xZUKWYD4k"
    "xFdIiBdQyBR841IBhczLbD+JMUwBNRsEGet+mYU41mCUbY/9a0vsMV7MWmaE89W7ZiNa24L6xrDp"
    "BrR71DvrnR+f9kK7GY4UmcsV/HIZSpVks4uItNBAboSNQH2sSiDsT28huhvp1pF3FJk9xgXcaguR"
    "7XOr7cZcro1Fbacm7ev/AS6/h/M="
)
