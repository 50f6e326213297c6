"""Callbacks that arrive on another thread run on the thread of the cells, in the order in which they came."""
import asyncio
import threading

from gan_course import nets
from gan_course.widgets import explore as explore_module
from gan_course.widgets.callbacks import in_turn
from gan_course.widgets.generator import latent_axes


def from_another_thread(*calls):
    thread = threading.Thread(target=lambda: [call() for call in calls])
    thread.start()
    thread.join()


def test_what_comes_from_another_thread_is_handed_over():
    ran = []

    async def cell():
        action = in_turn(lambda n: ran.append((n, threading.current_thread())))
        from_another_thread(lambda: action(1), lambda: action(2))
        assert ran == []                                            # this cell is not yet through
        action(3)
        await asyncio.sleep(0.01)

    asyncio.run(cell())
    assert ran == [(n, threading.main_thread()) for n in (3, 1, 2)]


def test_without_a_loop_an_action_is_left_as_it_is():
    assert in_turn(print) is print


def test_a_slider_that_moves_on_another_thread_is_drawn_on_this_one(monkeypatch):
    monkeypatch.setenv("GAN_COURSE_HEADLESS", "0")
    boxes, threads = [], []
    monkeypatch.setattr(explore_module, "display", boxes.append)
    G = nets.MLPGenerator(2, (1, 4, 4), 8)
    G.register_forward_pre_hook(lambda *_: threads.append(threading.current_thread()))

    async def cell():
        latent_axes(G)
        slider, *_, picture = boxes[0].children
        before = picture.value
        from_another_thread(lambda: setattr(slider, "value", 1.5))
        await asyncio.sleep(0.01)
        return before != picture.value

    assert asyncio.run(cell()) and set(threads) == {threading.main_thread()}
