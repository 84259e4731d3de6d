from resnet_inspect.cli import main

main(prog_name="resnet-inspect")
