using FindMe.Sidecar.Tests;
using Xunit.MicrosoftTestingPlatform;

return args is [SidecarProcess.Word, ..]
    ? await SidecarProcess.ServeAsync(args)
    : await TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions);
