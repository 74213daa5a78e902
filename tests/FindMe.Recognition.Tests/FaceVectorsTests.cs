using FindMe.Faces;

namespace FindMe.Recognition.Tests;

public sealed class FaceVectorsTests
{
    [Fact]
    public void Vectors_survive_CSV_to_the_last_bit()
    {
        var random = new Random(7);
        var vectors = Enumerable.Range(0, 3)
            .Select(_ => FaceEmbedding.FromValues([.. Enumerable.Range(0, 512).Select(_ => (float)((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-9, 2))))]))
            .ToList();

        var read = FaceVectors.FromCsv(new FaceVectors("a-12345678/b-0a0b0c0d", vectors).ToCsv());

        Assert.Equal("a-12345678/b-0a0b0c0d", read.Recipe);
        Assert.Equal(vectors.Select(vector => vector.ToBytes()), read.Vectors.Select(vector => vector.ToBytes()));
    }

    [Fact]
    public void Rows_without_a_comment_have_no_recipe()
    {
        var vectors = new FaceVectors("a/b", [FaceEmbedding.FromValues([1, .. new float[127]])]);

        Assert.Null(FaceVectors.FromCsv(vectors.ToCsv(comment: false)).Recipe);
    }

    [Fact]
    public void A_file_truncated_at_the_end_of_a_line_is_rejected()
    {
        var vector = FaceEmbedding.FromValues([1, .. new float[127]]);
        var lines = new FaceVectors("a/b", [vector, vector, vector]).ToCsv().Split('\n');

        var exception = Assert.Throws<FaceVectorsException>(() => FaceVectors.FromCsv(string.Join('\n', lines[..3])));

        Assert.Contains("2 of 3", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("# recipe=a/b\n{0}\n# recipe=c/d\n{0}\n", "Line 3")]
    [InlineData("{0}\n# recipe=c/d\n{0}\n", "Line 2")]
    public void The_error_for_vectors_of_two_recipes_names_the_line_where_the_second_begins(string form, string expected)
    {
        var row = string.Join(',', Enumerable.Repeat("0.5", 128));

        var exception = Assert.Throws<FaceVectorsException>(() => FaceVectors.FromCsv(string.Format(System.Globalization.CultureInfo.InvariantCulture, form, row)));

        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Concatenated_files_of_one_recipe_are_read_as_one_even_with_a_byte_order_mark()
    {
        var csv = new FaceVectors("a/b", [FaceEmbedding.FromValues([1, .. new float[127]])]).ToCsv();

        var read = FaceVectors.FromCsv('\ufeff' + csv + csv);

        Assert.Equal(("a/b", 2), (read.Recipe, read.Vectors.Count));
    }

    [Theory]
    [InlineData("")]
    [InlineData("# only a comment\n\n")]
    [InlineData("1,2,3")]
    [InlineData("no,numbers")]
    [InlineData("\0\u0001")]
    public void Text_without_vectors_is_rejected_with_a_one_line_message(string csv) =>
        Assert.NotEmpty(Assert.Throws<FaceVectorsException>(() => FaceVectors.FromCsv(csv)).Message);

    [Theory]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("1e999")]
    [InlineData("1e30")]
    [InlineData("")]
    public void The_error_for_an_invalid_number_names_its_line(string number)
    {
        var row = string.Join(',', Enumerable.Repeat("0.5", 127));

        var exception = Assert.Throws<FaceVectorsException>(() => FaceVectors.FromCsv($"{row},0.5\n{row},{number}\n"));

        Assert.Contains("Line 2", exception.Message, StringComparison.Ordinal);
    }
}
