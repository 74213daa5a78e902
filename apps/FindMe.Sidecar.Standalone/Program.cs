// daprd's command line → one app's sidecar in this process, until Ctrl-C, SIGTERM or /v1.0/shutdown.
using FindMe.Sidecar.Standalone;

return await DaprdCommand.Create().Parse(DaprdCommand.WithTwoDashes(args)).InvokeAsync();
