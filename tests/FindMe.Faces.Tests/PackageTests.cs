namespace FindMe.Faces.Tests;

/// <summary>What the package FindMe.Faces offers to programs outside the repository.</summary>
public sealed class PackageTests(EngineFixture fixture)
{
    [Fact]
    public void The_program_of_the_readme_is_the_sample_that_the_check_builds_from_the_packages()
    {
        var readme = File.ReadAllText(Path.Combine(Checkouts.Root, "libs", "FindMe.Faces", "README.md"));

        var program = Assert.Single(readme.Split("```csharp\n")[1..]).Split("```")[0];

        Assert.Equal(File.ReadAllText(Path.Combine(Checkouts.Root, "samples", "FindMyFace", "Program.cs")), program);
    }

    [Fact]
    public async Task Bytes_a_stream_and_a_blocking_call_give_the_same_faces()
    {
        var photo = EngineFixture.ReadSample(2);
        using var stream = new MemoryStream([1, 2, 3, .. photo]);
        stream.Position = 3;

        var blocking = fixture.Engine.Analyze(photo, TestContext.Current.CancellationToken);
        var fromBytes = await fixture.Engine.AnalyzeAsync(photo, TestContext.Current.CancellationToken);
        var fromStream = await fixture.Engine.AnalyzeAsync(stream, TestContext.Current.CancellationToken);

        Assert.NotEmpty(blocking.Faces);
        Assert.Equal(VectorsOf(blocking), VectorsOf(fromBytes));
        Assert.Equal(VectorsOf(blocking), VectorsOf(fromStream));
        Assert.True(stream.CanRead);

        static IEnumerable<byte> VectorsOf(AnalyzedPhoto photo) => photo.Faces.SelectMany(face => face.Embedding.ToBytes());
    }

    [Fact]
    public async Task A_stream_without_a_length_is_read_to_its_end()
    {
        var photo = EngineFixture.ReadSample(3);
        using var stream = new OneWayStream(photo);

        var reference = await fixture.Engine.AnalyzeReferenceAsync(stream, face: 0, TestContext.Current.CancellationToken);

        var expected = fixture.Engine.AnalyzeReference(photo, face: 0, TestContext.Current.CancellationToken);
        Assert.Equal(expected.Embedding!.ToBytes(), reference.Embedding!.ToBytes());
    }

    [Fact]
    public async Task A_stream_beyond_the_limit_is_rejected_and_not_read_to_its_end()
    {
        using var engine = await FaceEngine.LoadAsync(
            new FaceEngineOptions { ModelsPath = EngineFixture.ModelsPath, MaxPhotoBytes = 100_000 }, TestContext.Current.CancellationToken);
        using var stream = new OneWayStream(new byte[10_000_000]);

        var exception = await Assert.ThrowsAsync<PhotoException>(() => engine.AnalyzeAsync(stream, TestContext.Current.CancellationToken));

        Assert.Equal(PhotoProblem.TooLarge, exception.Problem);
        Assert.Contains("0.1 MB", exception.Message, StringComparison.Ordinal);
        Assert.InRange(stream.BytesRead, 100_000, 300_000);
    }

    [Fact]
    public async Task A_cancelled_call_neither_reads_nor_computes()
    {
        using var stream = new OneWayStream(EngineFixture.ReadSample(1));
        var cancelled = new CancellationToken(canceled: true);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fixture.Engine.AnalyzeAsync(EngineFixture.ReadSample(1), cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fixture.Engine.AnalyzeAsync(stream, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => FaceEngine.LoadAsync(cancellationToken: cancelled));

        Assert.Equal(0, stream.BytesRead);
    }

    [Fact]
    public async Task Disposing_an_engine_waits_for_its_photos_and_refuses_later_ones()
    {
        var photo = EngineFixture.ReadSample(1);
        var engine = await FaceEngine.LoadAsync(new FaceEngineOptions { ModelsPath = EngineFixture.ModelsPath }, TestContext.Current.CancellationToken);
        var photos = Enumerable.Range(0, 4 * Environment.ProcessorCount).Select(_ => Task.Run(() => engine.Analyze(photo, CancellationToken.None))).ToArray();
        await Task.Delay(50, TestContext.Current.CancellationToken);

        engine.Dispose();
        engine.Dispose();

        var faces = await Task.WhenAll(photos.Select(CountAsync));
        Assert.All(faces, count => Assert.True(count is 3 or null, $"{count}"));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => engine.AnalyzeAsync(photo, TestContext.Current.CancellationToken));

        // Null: the photo came too late.
        static async Task<int?> CountAsync(Task<AnalyzedPhoto> running)
        {
            try
            {
                return (await running).Faces.Count;
            }
            catch (ObjectDisposedException)
            {
                return null;
            }
        }
    }

    /// <summary>A stream as from a network: it has no length and no position.</summary>
    private sealed class OneWayStream(byte[] content) : MemoryStream(content)
    {
        public int BytesRead { get; private set; }

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await base.ReadAsync(buffer, cancellationToken);
            BytesRead += read;
            return read;
        }
    }
}
