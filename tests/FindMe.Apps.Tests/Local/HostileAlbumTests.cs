using System.Text.Json.Nodes;

namespace FindMe.Apps.Tests.Local;

public sealed class HostileAlbumTests
{
    [Fact]
    public async Task Hostile_files_each_get_a_verdict_or_a_reason_and_bring_no_app_down()
    {
        var hostile = Checkouts.Shared("hostile");
        var files = Directory.GetFiles(hostile, "*", SearchOption.AllDirectories).Length;
        using var folder = new TemporaryFolder();
        await using var findMe = await LocalFindMe.StartAsync(folder.Folder("data"), [hostile]);
        using var ada = new Visitor(findMe.Address);
        await ada.ShowDemoFaceAsync();
        var processes = findMe.Children();

        var view = await ada.UntilEndedAsync(await ada.SearchAsync("hostile"), seconds: 300);

        Assert.Equal("finished", Visitor.Status(view));
        Assert.Equal(files, Visitor.Count(view, "found"));
        Assert.Equal(files, Visitor.Count(view, "compared") + Visitor.Count(view, "skipped"));
        Assert.All(view["skipped"]!.AsArray(), skipped => Assert.NotEmpty(skipped!["reason"]!.GetValue<string>()));
        Assert.DoesNotContain(view["skipped"]!.AsArray(), skipped => Reason(skipped!).Contains("repeatedly", StringComparison.Ordinal));
        Assert.Contains(view["skipped"]!.AsArray(), skipped => Name(skipped!).EndsWith(".heic", StringComparison.Ordinal) && Reason(skipped!).Contains("HEIC", StringComparison.Ordinal));
        Assert.Equal(processes.Order(), findMe.Children().Order());
        foreach (var process in processes.Append(findMe.ProcessId))
        {
            var peak = LocalFindMe.PeakMemory(process);
            TestContext.Current.TestOutputHelper!.WriteLine($"process {process}: at most {peak} MiB");
            Assert.InRange(peak, 1, 1024);
        }
    }

    private static string Name(JsonNode skipped) => skipped["photo"]!["id"]!.GetValue<string>();

    private static string Reason(JsonNode skipped) => skipped["reason"]!.GetValue<string>();
}
