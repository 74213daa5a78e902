using LocalDapr.Tests;
using Xunit.MicrosoftTestingPlatform;

return args is [SidecarProcess.Word, ..] ? await SidecarProcess.ServeAsync(args)
    : args is [DaprContract.Verb] ? DaprContract.Write()
    : await TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions);
