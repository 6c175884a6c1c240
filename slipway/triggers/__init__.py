"""What starts a delivery from outside: events of the forge, or a look at the repository.

An event is believed once its signature is right, kept on disk, and answered. Only then it is
compared with the service files, and the ref it names is read again from the repository: nothing
in it chooses an address, a service file, an environment or a version.
"""
