"""What codecs print, with several threads decoding."""

import os
import threading

from xrayscan.decode.codec_stderr import captured_stderr


def test_threads_that_capture_at_once_hear_their_own_and_leave_standard_error_as_it_was():
    before, first_is_in, heard = os.fstat(2), threading.Event(), {}

    def first():
        with captured_stderr() as said:
            first_is_in.set()
            second.join(0.2)  # time in which the other one would begin
            os.write(2, b"first")
        heard["first"] = said

    def capture_second():
        first_is_in.wait()
        with captured_stderr() as said:
            os.write(2, b"second")
            one.join(0.2)
        heard["second"] = said

    one, second = threading.Thread(target=first), threading.Thread(target=capture_second)
    for thread in (second, one):
        thread.start()
    for thread in (second, one):
        thread.join()
    assert heard == {"first": ["first"], "second": ["second"]}
    assert os.path.samestat(os.fstat(2), before)
