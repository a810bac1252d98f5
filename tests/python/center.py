"""A service center of the installed package mfhm, 0.0.2 or 0.1.1.

    python center.py --port 21428 --data-dir DIR [--ping-interval 2] [--ping-timeout 1]
                     [--save-interval 120] [--key-auth]

`--key-auth` (0.1.1) guards it: the key is made by the package and lies in DIR/key.
"""
import argparse
from importlib.metadata import version

import parent
from mfhm.center import ServiceCenter


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--port', type=int, required=True)
    parser.add_argument('--data-dir', required=True)
    parser.add_argument('--ping-interval', type=int, default=2)
    parser.add_argument('--ping-timeout', type=int, default=1)
    parser.add_argument('--save-interval', type=int, default=120)
    parser.add_argument('--key-auth', action='store_true')
    options = parser.parse_args()
    parent.follow()

    settings = {
        'pingTestInterval': options.ping_interval,
        'pingTestTimeout': options.ping_timeout,
        'cacheSaveInterval': options.save_interval,
        'dataDir': options.data_dir,
    }
    if version('mfhm') == '0.0.2':
        center = ServiceCenter(host='127.0.0.1', port=options.port, **settings)
    else:
        settings.update(serviceHost='127.0.0.1', servicePort=options.port)
        if options.key_auth:
            from mfhm.wrapper import KeyAuth
            center = KeyAuth(ServiceCenter, **settings)
        else:
            center = ServiceCenter(**settings)
        center.initApi()
    center.start()


main()
