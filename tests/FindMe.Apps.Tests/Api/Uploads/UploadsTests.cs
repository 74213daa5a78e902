using System.Buffers.Binary;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using FindMe.Api;
using FindMe.Faces;
using FindMe.Networks;
using FindMe.Pipeline;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace FindMe.Apps.Tests.Api;

public sealed class UploadsTests(NetworkedFindMe findMe)
{
    [Fact]
    public async Task A_ZIP_file_is_searched_by_its_owner_alone_and_gone_when_it_is_deleted()
    {
        using var ada = await findMe.NewVisitorAsync();
        using var eve = await findMe.NewVisitorAsync();
        var photo = PhotoRendering.ToJpeg(await File.ReadAllBytesAsync(Checkouts.DemoPhotos[0], TestContext.Current.CancellationToken), 800);
        var zip = Zip(("a/me.jpg", photo), ("../../etc/passwd", "root:x:0:0"u8.ToArray()), ("__MACOSX/me.jpg", photo), ("inner.zip", Zip(("b.jpg", photo))), ("empty.jpg", []));

        using var sent = await SendAsync(ada, zip);
        Assert.Equal(HttpStatusCode.Created, sent.StatusCode);
        var upload = (await sent.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken))!;
        var id = upload["id"]!.GetValue<string>();
        Assert.Equal(2, upload["photos"]!.GetValue<int>());
        Assert.Equal(["inner.zip", "empty.jpg"], upload["skipped"]!.AsArray().Select(skipped => skipped!["name"]!.GetValue<string>()));
        Assert.Equal(["0", "1"], Directory.GetFiles(Path.Combine(findMe.Data, "uploads", id)).Select(Path.GetFileName).Order(StringComparer.Ordinal));

        var view = await ada.UntilEndedAsync(await ada.SearchAsync(new { source = "zip", query = id }), seconds: 30);
        Assert.Equal("a/me.jpg", view["matches"]![0]!["post"]!["id"]!.GetValue<string>());
        Assert.Contains("not a picture", view["skipped"]![0]!["reason"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await ada.StatusOfAsync(HttpMethod.Get, view["matches"]![0]!["photo"]!["url"]!.GetValue<string>()));

        using (var others = await eve.Http.PostAsJsonAsync("/api/searches", new { source = "zip", query = id }, TestContext.Current.CancellationToken))
        {
            await ProblemAssert.IsAsync(others, 422, "unknown-upload");
        }

        Assert.Equal(HttpStatusCode.NotFound, await eve.StatusOfAsync(HttpMethod.Delete, $"/api/uploads/{id}"));
        Assert.Equal(HttpStatusCode.NoContent, await ada.StatusOfAsync(HttpMethod.Delete, $"/api/uploads/{id}"));
        Assert.False(Directory.Exists(Path.Combine(findMe.Data, "uploads", id)));
        Assert.Equal(HttpStatusCode.Gone, await ada.StatusOfAsync(HttpMethod.Get, view["matches"]![0]!["photo"]!["url"]!.GetValue<string>() + "?width=99"));
    }

    [Theory]
    [InlineData("attachment; filename=\"trip.zip\"", "trip.zip")]
    [InlineData("attachment; filename*=UTF-8''%C3%9Cber%20%D7%A9%D7%9C%D7%95%D7%9D", "Über שלום")]
    [InlineData("attachment; filename*=UTF-8''..%2F..%5Ca%00%E2%80%AEb", "ab")]
    [InlineData("attachment; filename*=UTF-8''%0A", null)]
    [InlineData("nonsense;;", null)]
    [InlineData(null, null)]
    public async Task A_ZIP_file_is_known_by_the_name_its_person_gives_it_and_never_by_its_id(string? disposition, string? name)
    {
        using var ada = await findMe.NewVisitorAsync();
        using var content = new ByteArrayContent(Zip(("blank.png", TemporaryFolder.BlankPng(64, 64)))) { Headers = { ContentType = new("application/zip") } };
        if (disposition is not null)
        {
            content.Headers.TryAddWithoutValidation("Content-Disposition", disposition);
        }

        using var sent = await ada.Http.PostAsync(new Uri("/api/uploads", UriKind.Relative), content, TestContext.Current.CancellationToken);
        var upload = (await sent.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken))!;
        var search = await ada.SearchAsync(new { source = "zip", query = upload["id"]!.GetValue<string>() });

        Assert.Equal(name, upload["name"]?.GetValue<string>());
        Assert.Equal(name, (await ada.GetAsync($"/api/searches/{search}"))["queryName"]?.GetValue<string>());
        Assert.Equal(name, (await ada.GetAsync("/api/searches"))[0]!["queryName"]?.GetValue<string>());
        var choice = (await ada.GetAsync("/api/sources")).AsArray().Single(source => source!["name"]!.GetValue<string>() == "zip")!["query"]!["choices"]![0]!["label"]!.GetValue<string>();
        Assert.StartsWith(name is null ? "1 photos" : $"{name}: 1 photos", choice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bombs_and_lies_are_refused_and_nothing_of_them_stays()
    {
        using var ada = await findMe.NewVisitorAsync();
        var before = Directory.GetDirectories(Path.Combine(findMe.Data, "uploads")).Length;
        var bomb = Zip(("bomb.jpg", new byte[19_000_000]));
        var many = Zip([.. Enumerable.Range(0, 60).Select(number => ($"{number}.jpg", new byte[] { 1 }))]);
        var large = new byte[6_000_000];
        Random.Shared.NextBytes(large);
        var noise = Zip(("a.jpg", large));

        foreach (var (zip, status, problem) in new[]
        {
            (bomb, 413, "too-large"),
            (many, 413, "too-large"),
            (noise, 413, "too-large"),
            ("This is no ZIP file."u8.ToArray(), 422, "not-a-zip"),
            (Zip(("a.jpg", new byte[100]))[..^10], 422, "not-a-zip"),
            (Array.Empty<byte>(), 422, "not-a-zip"),
            (OnDisk(Zip(("a.jpg", new byte[100])), ushort.MaxValue), 422, "not-a-zip"),
        })
        {
            using var answer = await SendAsync(ada, zip);
            await ProblemAssert.IsAsync(answer, status, problem);
        }

        Assert.Equal(before, Directory.GetDirectories(Path.Combine(findMe.Data, "uploads")).Length);

        // A file that claims to be small gives no more than it claims.
        using var lie = await SendAsync(ada, Claiming(bomb, 1_000));
        var upload = (await lie.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken))!["id"]!.GetValue<string>();
        Assert.InRange(Directory.GetFiles(Path.Combine(findMe.Data, "uploads", upload)).Sum(file => new FileInfo(file).Length), 0, 1_000);
    }

    [Fact]
    public async Task Names_in_a_ZIP_file_are_read_as_old_and_new_programs_write_them()
    {
        using var ada = await findMe.NewVisitorAsync();
        var photo = TemporaryFolder.BlankPng(8, 8);

        // One byte for one byte: é is 82 in the code page of MS-DOS, and e9, without more, is no UTF-8.
        using var sent = await SendAsync(ada, Named(Named(Zip(("caf1.png", photo), ("caf2.png", photo), ("ä.png", photo)), "caf1"u8, 0x82), "caf2"u8, 0xe9));

        Assert.Equal(HttpStatusCode.Created, sent.StatusCode);
        var id = (await sent.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken))!["id"]!.GetValue<string>();
        var view = await ada.UntilEndedAsync(await ada.SearchAsync(new { source = "zip", query = id }), seconds: 30);
        Assert.Equal(3, Visitor.Count(view, "found"));
        var state = await findMe.Dapr.GetStateAsync<Upload>(StateKeys.Store, StateKeys.Upload(id), TestContext.Current.CancellationToken);
        Assert.Equal(["café.png", "cafΘ.png", "ä.png"], state!.Photos);
        Assert.Equal(HttpStatusCode.NoContent, await ada.StatusOfAsync(HttpMethod.Delete, $"/api/uploads/{id}"));
    }

    [Fact]
    public async Task Uploads_at_once_all_stand_in_the_persons_list_and_count_while_they_come()
    {
        using var ada = await findMe.NewVisitorAsync();
        var zip = Zip(("a.jpg", new byte[1_000]));
        var sending = new TaskCompletionSource();
        var slow = Enumerable.Range(0, 2).Select(_ => SendAsync(ada, new SlowContent(zip, sending.Task))).ToList();
        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);

        using var third = await SendAsync(ada, zip);
        using var fourth = await SendAsync(ada, zip);
        sending.SetResult();

        Assert.Equal(HttpStatusCode.Created, third.StatusCode);
        await ProblemAssert.IsAsync(fourth, 409, "too-many-uploads");
        foreach (var answer in (await Task.WhenAll(slow)).Append(third))
        {
            var id = (await answer.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken))!["id"]!.GetValue<string>();
            Assert.Equal(HttpStatusCode.NoContent, await ada.StatusOfAsync(HttpMethod.Delete, $"/api/uploads/{id}"));
            answer.Dispose();
        }
    }

    [Fact]
    public void An_upload_takes_its_room_before_it_comes_and_none_that_must_stay_free()
    {
        using var folder = new TemporaryFolder();
        var uploads = Options.Create(new UploadOptions { Path = folder.Path });
        var free = new DriveInfo(folder.Path).AvailableFreeSpace;

        using var first = new UploadSpace(uploads, Options.Create(new UploadSpaceOptions { LeaveFree = 0 })).TryTake(1_000);

        Assert.NotNull(first);
        Assert.Null(new UploadSpace(uploads, Options.Create(new UploadSpaceOptions { LeaveFree = 2 * free })).TryTake(1_000));
    }

    [Fact]
    public async Task A_folder_that_cannot_be_swept_ends_no_sweep()
    {
        using var ada = await findMe.NewVisitorAsync();
        var options = Options.Create(new UploadOptions { Path = "no\0path" });
        var folders = new UploadFolders(options);
        using var sweep = new UploadSweep(folders, new PhotoKeeping(findMe.Dapr, folders, TimeProvider.System), options, TimeProvider.System, NullLogger<UploadSweep>.Instance);

        await sweep.StartAsync(TestContext.Current.CancellationToken);

        Assert.False(sweep.ExecuteTask!.IsCompleted);
        await sweep.StopAsync(TestContext.Current.CancellationToken);
    }

    private static Task<HttpResponseMessage> SendAsync(Visitor visitor, byte[] zip) => SendAsync(visitor, new ByteArrayContent(zip));

    private static async Task<HttpResponseMessage> SendAsync(Visitor visitor, HttpContent zip)
    {
        // Asks before it sends, as browsers' uploads cannot: an answer that comes before all is sent ends the connection.
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/uploads") { Content = zip };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/zip");
        return await visitor.Http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    private static byte[] Zip(params (string Name, byte[] Bytes)[] files)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in files)
            {
                using var entry = zip.CreateEntry(name, CompressionLevel.SmallestSize).Open();
                entry.Write(content);
            }
        }

        return bytes.ToArray();
    }

    /// <summary>The same ZIP file, which says that it and its directory are on another disk: bytes 4 to 7 of its end. 65,535 stands for a ZIP64 directory.</summary>
    private static byte[] OnDisk(byte[] zip, ushort disk)
    {
        var part = zip.ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(part.AsSpan(part.AsSpan().LastIndexOf("PK\u0005\u0006"u8) + 4), (uint)disk << 16 | disk);
        return part;
    }

    /// <summary>The same ZIP file, in which the last character of a name is another byte.</summary>
    private static byte[] Named(byte[] zip, ReadOnlySpan<byte> name, byte last)
    {
        var named = zip.ToArray();
        for (var at = named.AsSpan().IndexOf(name); at >= 0; at = named.AsSpan().IndexOf(name))
        {
            named[at + name.Length - 1] = last;
        }

        return named;
    }

    /// <summary>The same ZIP file, whose directory claims another unpacked size: byte 24 of the record of its first file.</summary>
    private static byte[] Claiming(byte[] zip, uint length)
    {
        var lie = zip.ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(lie.AsSpan(lie.AsSpan().LastIndexOf("PK\u0001\u0002"u8) + 24), length);
        return lie;
    }

    /// <summary>A file whose second half comes later.</summary>
    private sealed class SlowContent(byte[] bytes, Task rest) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(bytes.AsMemory(0, bytes.Length / 2));
            await stream.FlushAsync();
            await rest;
            await stream.WriteAsync(bytes.AsMemory(bytes.Length / 2));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = bytes.Length;
            return true;
        }
    }
}
