# The workspace on ROS 2's official image, built by colcon as CONTRIBUTING.md says.
#
#   docker build --target test -t cell-test . && docker run --rm --shm-size 512m cell-test     # the launch tests
#   docker build -t cell . && docker run --rm -it --shm-size 512m --network host cell          # the demo cell
#
# A machine's serial adapters come in by --device and --group-add dialout.
FROM ros:jazzy AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
WORKDIR /ws
COPY package.xml ./
COPY src/cell_msgs/package.xml src/cell_msgs/
# The distribution's packages come in the versions that the distribution has now: it keeps no others.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3-dev python3-pip python3-venv \
    && rosdep update --rosdistro jazzy \
    && rosdep install --from-paths . src/cell_msgs --ignore-src --rosdistro jazzy -y \
    && rm -rf /var/lib/apt/lists/*
COPY . .
# A virtual environment over the system's ROS, since Ubuntu has some packages only in older versions.
RUN python3 -m venv --system-site-packages venv \
    && touch venv/COLCON_IGNORE \
    && source venv/bin/activate \
    && pip install --no-cache-dir -c tools/constraints.txt colcon-common-extensions==0.3.0 '.[sim]' \
    && pip uninstall -y cell-controller \
    && source /opt/ros/jazzy/setup.bash \
    && python -m colcon build
ENTRYPOINT ["/ws/tools/in_workspace"]

FROM build AS test
RUN venv/bin/pip install --no-cache-dir -c tools/constraints.txt pytest==8.4.2 pytest-xdist==3.8.0 hypothesis==6.170.15
USER 1000
CMD ["python", "-m", "pytest", "-p", "no:cacheprovider", "test/launch", "-m", "matrix or not matrix"]

FROM build AS cell
USER 1000
CMD ["python", "-m", "cell_controller.cli.main", "up", "config/cells/demo.yaml"]
