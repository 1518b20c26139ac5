"""asyncio, as of Python 3.11: TaskGroup and timeout()."""
import asyncio
import sys
from asyncio import TaskGroup, create_task, gather, get_running_loop, sleep


def switch(times, watch, parameter):
    """Futures stand in for it: each sets the other one's result and waits for its own."""
    async def main():
        new_future = get_running_loop().create_future
        left = None
        right = new_future()

        async def first():
            nonlocal left
            for i in range(times // 2):
                answer = left = new_future()
                right.set_result(i)
                await answer

        async def second():
            nonlocal right
            for i in range(times // 2):
                await right
                right = new_future()
                left.set_result(i)

        await gather(second(), first())

    asyncio.run(main())


def spawn(times, watch, parameter):
    async def main():
        await gather(*[trivial() for _ in range(times)])

    asyncio.run(main())


def yield_(times, watch, tasks):
    rounds = max(1, times // tasks)

    async def main():
        await gather(*[spin(rounds) for _ in range(tasks)])

    asyncio.run(main())
    return rounds * tasks


def queue(times, watch, size):
    async def main():
        between = asyncio.Queue(size)
        await gather(produce(between, times), consume(between, times))

    asyncio.run(main())


def sleepers(times, watch, parameter):
    async def main():
        await gather(*[sleep((10 + i * 7919 % 991) / 1000) for i in range(times)])

    asyncio.run(main())


def depth(times, watch, depth):
    sys.setrecursionlimit(1000 + depth)
    asyncio.run(down(depth, times))


def kill(times, watch, parameter):
    async def main():
        all_of_them = [create_task(wait()) for _ in range(times)]
        await sleep(0)
        watch.start()
        for task in all_of_them:
            task.cancel()
        await asyncio.wait(all_of_them)
        watch.stop()

    asyncio.run(main())


def timeout(times, watch, parameter):
    async def main():
        for _ in range(times):
            async with asyncio.timeout(1):
                pass

    asyncio.run(main())


def pool(times, watch, at_once):
    """It has none: so many tasks of a group take the next item. A task for each item and a Semaphore would take several times as long."""
    async def main():
        results = [None] * times
        items = iter(range(times))

        async def work():
            for item in items:
                results[item] = await give_way(item)

        async with TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(work())
        return results

    asyncio.run(main())


def nursery(times, watch, size):
    groups = max(1, times // size)

    async def main():
        for _ in range(groups):
            async with TaskGroup() as group:
                for i in range(size):
                    group.create_task(give_way(i))

    asyncio.run(main())
    return groups * size


async def trivial():
    pass


async def give_way(item):
    await sleep(0)
    return item


async def spin(rounds):
    for _ in range(rounds):
        await sleep(0)


async def produce(between, items):
    for i in range(items):
        await between.put(i)


async def consume(between, items):
    total = 0
    for _ in range(items):
        total += await between.get()
    return total


async def down(level, times):
    if level > 1:
        return await down(level - 1, times)
    for _ in range(times):
        await sleep(0)


async def wait():
    await get_running_loop().create_future()
