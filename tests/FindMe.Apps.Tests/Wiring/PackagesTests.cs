using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace FindMe.Apps.Tests.Wiring;

/// <summary>What FindMe takes from others comes as NuGet packages, or as files of pinned npm packages that nothing installs.</summary>
public sealed partial class PackagesTests
{
    private static readonly string[] Product = ["apps", "libs", "models"];

    [Fact]
    public void No_npm_package_is_installed_at_the_top()
    {
        foreach (var file in (string[])["package.json", "package-lock.json", ".npmrc"])
        {
            Assert.False(File.Exists(Path.Combine(Checkouts.Root, file)), file);
        }
    }

    [Fact]
    public async Task Neither_the_check_nor_the_start_nor_an_image_needs_Node()
    {
        string[] files = ["check", ".ci/run", .. (await FilesAsync("apps")).Where(file => file.StartsWith("apps/FindMe.Local/", StringComparison.Ordinal) || file.EndsWith("/Dockerfile", StringComparison.Ordinal))];
        Assert.InRange(files.Count(file => file.EndsWith("/Dockerfile", StringComparison.Ordinal)), 4, 20);

        var calls = files.SelectMany(file => Read(file).Where(line => NodeCall().IsMatch(line)).Select(line => $"{file}: {line.Trim()}"));

        Assert.Empty(calls);
    }

    [Fact]
    public async Task Libvips_is_called_through_NetVips_alone()
    {
        var bindings = (await FilesAsync([.. Product, "bench", "tests"]))
            .Where(file => file.EndsWith(".cs", StringComparison.Ordinal) && !file.EndsWith($"{nameof(PackagesTests)}.cs", StringComparison.Ordinal))
            .Where(file => Read(file).Any(line => OwnBinding().IsMatch(line)));

        Assert.Empty(bindings);
    }

    [Fact]
    public async Task Dapr_is_called_by_its_own_SDK()
    {
        var clients = (await FilesAsync("apps", "libs"))
            .Where(file => file.EndsWith(".cs", StringComparison.Ordinal) && Read(file).Any(line => OwnClient().IsMatch(line)));

        Assert.Empty(clients);
        Assert.Superset(new HashSet<string> { "Dapr.Client", "Dapr.AspNetCore" }, References("libs/FindMe.Pipeline/FindMe.Pipeline.csproj").ToHashSet());
    }

    [Theory]
    [InlineData("libs/FindMe.Hosting")]
    [InlineData("libs/FindMe.Recognition")]
    [InlineData("apps/FindMe.Cli")]
    [InlineData("apps/FindMe.Vision")]
    public void What_takes_no_part_in_the_pipeline_brings_no_Dapr(string project)
    {
        string[] files = [$"{project}/packages.lock.json", Checkouts.ProgramOf("FindMe.Vision").Replace(".dll", ".deps.json", StringComparison.Ordinal)];

        Assert.All(files, file => Assert.DoesNotContain(Read(file), line => line.Contains("\"Dapr.", StringComparison.OrdinalIgnoreCase)));
        Assert.DoesNotContain(Directory.GetFiles(Path.GetDirectoryName(files[1])!), file => Path.GetFileName(file).StartsWith("Dapr.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ONNX_Runtime_is_the_NuGet_package_and_not_built_from_source()
    {
        var projects = (await FilesAsync([.. Product, "bench", "tests"])).Where(file => file.EndsWith(".csproj", StringComparison.Ordinal)).ToList();

        Assert.Contains("libs/FindMe.Faces/FindMe.Faces.csproj", projects);
        Assert.DoesNotContain(projects, project => Path.GetFileName(project) == "OnnxRuntime.csproj" || Read(project).Any(line => line.Contains("<AssemblyName>Microsoft.ML", StringComparison.Ordinal)));
        Assert.Contains(References("libs/FindMe.Faces/FindMe.Faces.csproj"), package => package == "Microsoft.ML.OnnxRuntime");
    }

    [Fact]
    public async Task The_packages_that_do_these_jobs_are_named_and_ImageSharp_decodes_in_tests_alone()
    {
        var versions = XDocument.Load(Path.Combine(Checkouts.Root, "Directory.Packages.props")).Descendants("PackageVersion")
            .ToDictionary(package => package.Attribute("Include")!.Value, package => package.Attribute("Version")!.Value);

        Assert.Superset(new HashSet<string> { "Microsoft.ML.OnnxRuntime", "Dapr.Client", "Dapr.AspNetCore", "NetVips", "SixLabors.ImageSharp", "Polly.Core" }, versions.Keys.ToHashSet());

        // From version 3 on it takes a licence that is paid for.
        Assert.StartsWith("2.", versions["SixLabors.ImageSharp"], StringComparison.Ordinal);
        Assert.DoesNotContain(
            (await FilesAsync([.. Product, "bench"])).Where(file => file.EndsWith(".csproj", StringComparison.Ordinal)),
            project => References(project).Contains("SixLabors.ImageSharp"));
    }

    [Fact]
    public void An_output_holds_the_native_libraries_of_its_own_platform_alone()
    {
        foreach (var output in (string[])[AppContext.BaseDirectory, .. ((string[])["FindMe.Api", "FindMe.Compare", "FindMe.Cli"]).Select(app => Path.GetDirectoryName(Checkouts.ProgramOf(app))!)])
        {
            var natives = Directory.GetDirectories(Path.Combine(output, "runtimes"), "native", SearchOption.AllDirectories);

            var only = Assert.Single(natives);
            Assert.Equal(RuntimeInformation.RuntimeIdentifier, Path.GetFileName(Path.GetDirectoryName(only)));
            Assert.Contains(Directory.GetFiles(only), file => Path.GetFileName(file).Contains("onnxruntime", StringComparison.Ordinal));
            Assert.Contains(Directory.GetFiles(only), file => Path.GetFileName(file).Contains("vips", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("linux-x64")]
    [InlineData("linux-arm64")]
    [InlineData("osx-arm64")]
    [InlineData("win-x64")]
    [InlineData("win-arm64")]
    public async Task A_build_on_a_platform_takes_the_libraries_of_that_platform(string platform)
    {
        var (exitCode, said) = await ResolveAsync(platform);

        Assert.True(exitCode == 0, said);
        foreach (var library in (string[])["onnxruntime", "vips"])
        {
            Assert.Matches($"/runtimes/{platform}/native/(lib)?{library}[^/]*\"", said);
        }

        Assert.DoesNotMatch($"/runtimes/(?!{platform}/)[^/]+/native/", said);
    }

    [Theory]
    [InlineData("linux-musl-x64")]
    [InlineData("osx-x64")]
    public async Task A_build_on_a_platform_without_ONNX_Runtime_stops_with_one_line(string platform)
    {
        var (exitCode, said) = await ResolveAsync(platform);

        Assert.Equal(1, exitCode);
        var error = Assert.Single(said.Split('\n'), line => line.Contains("error", StringComparison.Ordinal));
        Assert.Contains($"error : ONNX Runtime has no library for {platform}: build for linux-x64", error, StringComparison.Ordinal);
    }

    // The programs FindMe is measured against are npm packages, and whoever measures installs them.
    [Theory]
    [InlineData("bench/peer")]
    [InlineData("bench/peer-nsfwjs")]
    public async Task What_FindMe_is_measured_against_is_installed_without_running_scripts(string folder)
    {
        Assert.Contains("ignore-scripts=true", Read($"{folder}/.npmrc"));
        var calls = (await FilesAsync("bench", "docs")).Where(file => !file.EndsWith("package-lock.json", StringComparison.Ordinal))
            .SelectMany(file => Read(file).Where(line => Install().IsMatch(line)))
            .ToList();
        Assert.NotEmpty(calls);
        Assert.All(calls, call => Assert.Contains("--ignore-scripts", call, StringComparison.Ordinal));
    }

    // What a build on that platform would copy; nothing is compiled.
    private static async Task<(int ExitCode, string Said)> ResolveAsync(string platform)
    {
        using var build = Process.Start(new ProcessStartInfo(
            "dotnet",
            ["msbuild", "apps/FindMe.Cli/FindMe.Cli.csproj", "-nologo", "-target:ResolvePackageAssets", "-getItem:RuntimeTargetsCopyLocalItems", $"-property:Configuration=Release;NETCoreSdkPortableRuntimeIdentifier={platform}"])
        {
            WorkingDirectory = Checkouts.Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var said = await Task.WhenAll(
            build.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), build.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await build.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (build.ExitCode, string.Concat(said).Replace('\\', '/'));
    }

    private static async Task<string[]> FilesAsync(params string[] folders)
    {
        using var git = Process.Start(new ProcessStartInfo("git", ["ls-files", .. folders]) { WorkingDirectory = Checkouts.Root, RedirectStandardOutput = true })!;
        var files = await git.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        return [.. files.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(file => File.Exists(Path.Combine(Checkouts.Root, file)))];
    }

    private static IEnumerable<string> Read(string file) => File.ReadLines(Path.Combine(Checkouts.Root, file));

    private static IEnumerable<string> References(string project) =>
        XDocument.Load(Path.Combine(Checkouts.Root, project)).Descendants("PackageReference").Select(package => package.Attribute("Include")!.Value);

    [GeneratedRegex(@"\b(node|npm|npx)\b", RegexOptions.IgnoreCase)]
    private static partial Regex NodeCall();

    [GeneratedRegex("""\b(class|record) (Dapr(Client|Exception)|TopicSubscription)\b|"/v1\.0(-alpha1)?/(state|publish)""")]
    private static partial Regex OwnClient();

    [GeneratedRegex("""Import\(.*vips|EntryPoint = "(vips_|g_)|"libvips[-.]""")]
    private static partial Regex OwnBinding();

    [GeneratedRegex(@"(^|&& )npm (ci|install)\b")]
    private static partial Regex Install();
}
