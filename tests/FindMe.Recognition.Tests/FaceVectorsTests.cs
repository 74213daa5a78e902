using FindMe.Faces;

namespace FindMe.Recognition.Tests;

public sealed class FaceVectorsTests
{
    [Fact]
    public void Vectors_are_read_as_they_were_written_to_the_last_bit()
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
    public void Rows_without_a_comment_say_nothing_of_their_recipe()
    {
        var vectors = new FaceVectors("a/b", [FaceEmbedding.FromValues([1, .. new float[127]])]);

        Assert.Null(FaceVectors.FromCsv(vectors.ToCsv(comment: false)).Recipe);
    }

    [Fact]
    public void A_file_that_was_cut_off_at_the_end_of_a_line_is_refused()
    {
        var vector = FaceEmbedding.FromValues([1, .. new float[127]]);
        var lines = new FaceVectors("a/b", [vector, vector, vector]).ToCsv().Split('\n');

        var exception = Assert.Throws<FaceVectorsException>(() => FaceVectors.FromCsv(string.Join('\n', lines[..3])));

        Assert.Contains("2 of 3", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("# recipe=a/b\n{0}\n# recipe=c/d\n{0}\n", "Line 3")]
    [InlineData("{0}\n# recipe=c/d\n{0}\n", "Line 2")]
    public void Vectors_of_two_recipes_in_one_file_are_refused_by_the_line_where_the_second_begins(string form, string said)
    {
        var row = string.Join(',', Enumerable.Repeat("0.5", 128));

        var exception = Assert.Throws<FaceVectorsException>(() => FaceVectors.FromCsv(string.Format(System.Globalization.CultureInfo.InvariantCulture, form, row)));

        Assert.Contains(said, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_files_of_one_recipe_are_one_person_when_put_together_also_behind_the_mark_of_a_spreadsheet()
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
    public void What_holds_no_vectors_is_refused_with_a_line_for_a_person(string csv) =>
        Assert.NotEmpty(Assert.Throws<FaceVectorsException>(() => FaceVectors.FromCsv(csv)).Message);

    [Theory]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("1e999")]
    [InlineData("1e30")]
    [InlineData("")]
    public void A_row_with_a_number_that_is_none_is_refused_by_its_line(string number)
    {
        var row = string.Join(',', Enumerable.Repeat("0.5", 127));

        var exception = Assert.Throws<FaceVectorsException>(() => FaceVectors.FromCsv($"{row},0.5\n{row},{number}\n"));

        Assert.Contains("Line 2", exception.Message, StringComparison.Ordinal);
    }
}
