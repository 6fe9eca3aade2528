"""What a plugin exports: a class of one of these names in its main module."""
from abc import abstractmethod
from typing import List, Optional, Protocol

from . import messaging as messaging, policy as policy

class Policy(Protocol):
    @abstractmethod
    def describe(self) -> policy.Edition:
        """Says what the plugin is. Called once when it is loaded; the answer holds as long as it runs."""
        ...
    @abstractmethod
    def evaluate(self, request: policy.Request) -> List[policy.Finding]:
        """Judges one request. An empty list means that the plugin has nothing to say. Called for actions that `judges`
        names, in districts of the edition, within 50 million units of fuel (about an instruction each), 32 MiB of memory
        and a second.
        """
        ...

class Messaging(Protocol):
    @abstractmethod
    def describe(self) -> messaging.Channel:
        """Says what the channel is. Called once when it is loaded; the answer holds as long as it runs."""
        ...
    @abstractmethod
    def render(self, notice: messaging.Notice, recipient: messaging.Recipient, settings: List[messaging.Setting]) -> List[messaging.Delivery]:
        """Turns a notice into what is to be sent to one recipient: exactly one delivery. Several, or none, count as a
        failure at present. Called within 64 MiB of memory and a second, at every attempt anew.
        Why it cannot is raised: `raise Err(messaging.Failure_Settings("…"))`.
        """
        ...
    @abstractmethod
    def judge(self, reply: messaging.Reply) -> messaging.Outcome:
        """Says what a reply means. No answer at all, and one that takes too long, the host judges itself: it tries again."""
        ...
