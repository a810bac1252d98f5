"""A service of the installed package mfhm, 0.0.2 or 0.1.1.

    python service.py --name service01 --port 30176 --center-port 21428
                      [--center-key KEY] [--key-auth DIR]

It offers `hello` (GET /hello), `item` (GET /item/{item_id}), `echo` (POST /echo) and
`slow` (GET /slow). `--key-auth` (0.1.1) guards it with the key in the file DIR/key, which
the package makes when it is missing.
"""
import argparse
import asyncio
import os
from importlib.metadata import version
from typing import Optional

from fastapi.responses import JSONResponse

import parent
from mfhm.service import Service


def make(options):
    if version('mfhm') == '0.0.2':
        return Service(
            serviceName=options.name,
            serviceHost='127.0.0.1',
            servicePort=options.port,
            centerPort=options.center_port,
        )
    settings = {
        'serviceName': options.name,
        'serviceHost': '127.0.0.1',
        'servicePort': options.port,
        'centerConfig': {
            'host': '127.0.0.1',
            'port': options.center_port,
            'transmissionType': 'key' if options.center_key else None,
            'transmissionData': options.center_key,
        },
    }
    if options.key_auth:
        from mfhm.wrapper import KeyAuth
        service = KeyAuth(Service, dataDir=options.key_auth, **settings)
    else:
        service = Service(**settings)
    service.initApi()
    return service


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--name', required=True)
    parser.add_argument('--port', type=int, required=True)
    parser.add_argument('--center-port', type=int, required=True)
    parser.add_argument('--center-key')
    parser.add_argument('--key-auth')
    options = parser.parse_args()
    parent.follow()

    service = make(options)

    @service.get('/hello')
    async def hello():
        return {'status': True, 'code': '0000', 'message': f'hello, my name is {options.name}'}

    @service.get('/item/{item_id}')
    async def item(item_id: int, note: Optional[str] = None):
        if item_id == 404:
            return JSONResponse({'detail': 'no such item'}, status_code=404)
        return {'item_id': item_id, 'note': note, 'pid': os.getpid()}

    @service.post('/echo')
    async def echo(body: dict):
        return {'received': body}

    @service.get('/slow')
    async def slow(ms: int):
        await asyncio.sleep(ms / 1000)
        return {'item_id': ms, 'note': None, 'pid': os.getpid()}

    service.start()


main()
