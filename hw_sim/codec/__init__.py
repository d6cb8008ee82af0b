"""The PDUs of 23.040 and the alphabets of 23.038, read and written."""
