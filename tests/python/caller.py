"""Calls a service through a center, with a proxy of the installed package mfhm.

    python caller.py --with PROXY --center-port 21428 [--center-key KEY] SERVICE CALLS

PROXY is ServiceProxy or AsyncServiceProxy (0.0.2), call or asyncCall (CallProxy of 0.1.1).
CALLS is a JSON list of `{"operation", "method", "arguments"}`, the last one as the proxies take
them: `pathparams`, `params`, `json`, `headers`.

Prints one line, a JSON list with `{"status", "body"}` or `{"error", "message"}` for each call.
"""
import argparse
import asyncio
import json


def center_config(options):
    return {
        'host': '127.0.0.1',
        'port': options.center_port,
        'transmissionType': 'key' if options.center_key else None,
        'transmissionData': options.center_key,
    }


def caller(options):
    """Gives an async function of operation, method and arguments."""
    if getattr(options, 'with') == 'ServiceProxy':
        from mfhm.proxy import ServiceProxy
        service = getattr(ServiceProxy(centerPort=options.center_port), options.service)

        async def call(operation, method, arguments):
            return getattr(getattr(service, operation), method)(**arguments)
    elif getattr(options, 'with') == 'AsyncServiceProxy':
        from mfhm.asyncProxy import AsyncServiceProxy
        service = getattr(AsyncServiceProxy(centerPort=options.center_port), options.service)

        async def call(operation, method, arguments):
            return await getattr(getattr(service, operation), method)(**arguments)
    elif getattr(options, 'with') == 'call':
        from mfhm.proxy import CallProxy
        proxy = CallProxy(centerConfig=center_config(options))

        async def call(operation, method, arguments):
            return proxy.call(options.service, operation, method, **arguments)
    else:
        from mfhm.proxy import CallProxy
        proxy = CallProxy(centerConfig=center_config(options))

        async def call(operation, method, arguments):
            return await proxy.asyncCall(options.service, operation, method, **arguments)
    return call


async def outcome(call, wanted):
    try:
        response = await call(wanted['operation'], wanted['method'], wanted.get('arguments', {}))
    except Exception as error:
        return {'error': type(error).__name__, 'message': str(error)}
    try:
        body = response.json()
    except ValueError:
        body = response.text
    return {'status': response.status_code, 'body': body}


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--with', required=True,
                        choices=['ServiceProxy', 'AsyncServiceProxy', 'call', 'asyncCall'])
    parser.add_argument('--center-port', type=int, required=True)
    parser.add_argument('--center-key')
    parser.add_argument('service')
    parser.add_argument('calls', type=json.loads)
    options = parser.parse_args()

    call = caller(options)
    print(json.dumps([await outcome(call, wanted) for wanted in options.calls]))


asyncio.run(main())
